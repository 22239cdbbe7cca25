import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { corpus } from '../../../../tests/framework/corpora.ts';
import { guessesOf } from '../../src/tools/guesses.ts';

const guess = (properties: object, more: object = {}) =>
  guessesOf({ name: 'tool', inputSchema: { type: 'object', properties }, ...more }).map(
    ({ argument, reader }) => `${argument}: ${reader}`,
  );
const text = { type: 'string' };
const list = (items: object) => ({ type: 'array', items });

describe('guesses', () => {
  test.each<[object, object, string[]]>([
    [{ sql: text, sqlQuery: text }, {}, ['sql: sql', 'sqlQuery: sql']],
    [{ query: text }, {}, []],
    [{ query: text }, { description: 'Queries the PostgreSQL database.' }, ['query: sql']],
    [{ query: { ...text, description: 'A SELECT statement' } }, {}, ['query: sql']],
    [{ query: { ...text, description: 'Words to search for' } }, { name: 'search' }, []],
    [{ command: text, bash_cmd: text }, {}, ['command: shell', 'bash_cmd: shell']],
    [{ command: { enum: ['start', 'stop'] } }, {}, []],
    [{ script: text }, { description: 'Runs it in a shell.' }, ['script: shell']],
    [{ script: text }, { description: 'Translates a film script.' }, []],
    [{ filePath: text, cwd: text, 'out-file': text }, {}, ['filePath: path', 'cwd: path', 'out-file: path']],
    [{ paths: list(text), fileType: text, file_size: { type: 'integer' } }, {}, ['paths: path']],
    [{ path: { ...text, description: 'Path of the URL' } }, {}, []],
    [
      { url: text, hostName: text, from: { ...text, format: 'uri' } },
      {},
      ['url: url', 'hostName: url', 'from: url'],
    ],
    [
      { amount: { type: 'number' }, amount_minor: { type: 'integer' } },
      {},
      ['amount: amount', 'amount_minor: amount'],
    ],
    [
      { amount: text, price: { anyOf: [{ type: 'number' }, { type: 'null' }] } },
      {},
      ['amount: amount', 'price: amount'],
    ],
    [{ total: { type: 'number' } }, { description: 'Pays an invoice.' }, ['total: amount']],
    [{ total: { type: 'number' }, amount_count: { type: 'integer' } }, {}, []],
    [{ recipients: list(text), tags: list(text) }, {}, ['recipients: batch']],
    [
      {
        options: {
          type: 'object',
          properties: { query: text, 'a.b': { type: 'object', properties: { dir: text } } },
        },
      },
      { name: 'run_sql' },
      ['options.query: sql', 'options.a\\.b.dir: path'],
    ],
    [
      { payments: list({ type: 'object', properties: { amount: { type: 'number' } } }) },
      {},
      ['payments: batch', 'payments[].amount: amount'],
    ],
    [{ path: { type: 'boolean' }, url: true, amount: {} }, {}, ['url: url', 'amount: amount']],
    [{ source: text, target: text }, { description: 'Links files.' }, ['source: path', 'target: path']],
    [{ source: text, target: text }, { description: 'Translates.' }, []],
  ])('%j %j', (properties, more, expected) => {
    expect(guess(properties, more)).toEqual(expected);
  });

  test('a schema may be anything', () => {
    for (const inputSchema of [undefined, null, 7, [], { properties: 7 }, { properties: { path: [] } }])
      expect(() => guessesOf({ name: 7, description: {}, inputSchema })).not.toThrow();
  });
});

/** What a person says of the arguments of the corpus, by tool (its place in the file) and argument. */
const LABELS: Readonly<Record<string, string>> = {
  sql: '75.query',
  shell: '38.cmd 74.cmd 82.command 119.command',
  path:
    '0.source 0.destination 1.filepath 2.filepath 3.archive_path 3.extract_to 4.filename 5.filepath 6.filepath ' +
    '7.filename 8.source 8.link_name 9.source 9.target 23.db_path 26.filepath 27.repo_path 42.filepath 49.image_path ' +
    '65.output_file 66.directory 66.destination 69.filename 69.output_name 72.filepath 72.output_file 78.filepath ' +
    '93.zip_path 118.plugin_path 133.socket_path',
  url:
    '11.hostname 47.url 50.image_url 65.url 70.hostname 89.urls 125.domain 126.uri 127.hostname 128.endpoint ' +
    '129.ip_address 130.url 131.url 132.url',
  batch: '88.items 92.tasks',
};

const folder = corpus('cisco-mcp-scanner-tools');

test.skipIf(folder === undefined)('the corpus: as much is guessed as docs/TOOLS.md says', () => {
  interface Tool {
    name: string;
    description: string | null;
    params: string[];
  }
  const tools: Tool[] = JSON.parse(readFileSync(join(folder ?? '', 'tools.json'), 'utf8'));
  const right = new Set(
    Object.entries(LABELS).flatMap(([reader, places]) =>
      places.split(' ').map((place) => `${place} ${reader}`),
    ),
  );
  const said = tools.flatMap(({ name, description, params }, index) =>
    guess(Object.fromEntries(params.map((param) => [param, {}])), { name, description }).map((each) => {
      const [argument, reader] = each.split(': ');
      return `${index}.${argument} ${reader}`;
    }),
  );
  const hits = said.filter((each) => right.has(each));
  // As docs/TOOLS.md says.
  expect({ right: right.size, said: said.length, hits: hits.length }).toEqual({
    right: 51,
    said: 56,
    hits: 48,
  });
});
