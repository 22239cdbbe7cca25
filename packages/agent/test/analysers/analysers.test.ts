import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AnalyserDefinition, Analysers } from '../../src/analysers/index.ts';
import { PresidioServer } from './presidio-server.ts';

let server: PresidioServer;
let analysers: Analysers<Record<string, string>>;
let folder: string;
beforeEach(async () => {
  server = await PresidioServer.start();
  analysers = new Analysers((headers) => headers);
  folder = mkdtempSync(join(tmpdir(), 'sallyport-analysers-'));
});
afterEach(async () => {
  await analysers.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Definition = AnalyserDefinition<Record<string, string>>;
type Presidio = Extract<Definition, { type: 'presidio' }>;
type Plugin = Extract<Definition, { type: 'plugin' }>;

function presidio(change: Partial<Presidio> = {}): void {
  const definition: Presidio = {
    type: 'presidio',
    url: server.url,
    language: 'en',
    headers: { authorization: 'Bearer local' },
    batch: true,
    timeoutMs: 5_000,
    ...change,
  };
  analysers.use(new Map([['ner', definition]]));
}

function plugin(source: string, change: Partial<Plugin> = {}): void {
  const module = join(folder, 'plugin.mjs');
  writeFileSync(module, source);
  const definition: Plugin = {
    type: 'plugin',
    module,
    settings: { word: 'Ada' },
    memoryMb: 64,
    timeoutMs: 5_000,
    ...change,
  };
  analysers.use(new Map([['own', definition]]));
}

const ask = (...texts: string[]) => analysers.analyse('ner', texts, ['PERSON', 'LOCATION']);
const values = (text: string, spans: readonly { start: number; end: number }[] | undefined) =>
  spans?.map(({ start, end }) => text.slice(start, end));

describe('a Presidio analyser', () => {
  it('reads texts in batches and turns code points into units of its texts', async () => {
    presidio();
    const texts = ['🏦🏦 Jane Doe of London', 'nobody', 'Zoë'];
    const found = await ask(...texts);
    expect(found.map((spans, i) => values(texts[i] ?? '', spans))).toEqual([
      ['Jane Doe', 'London'],
      [],
      ['Zoë'],
    ]);
    expect(server.requests).toEqual([
      { texts, entities: ['PERSON', 'LOCATION'], authorization: 'Bearer local' },
    ]);
  });

  it('has one text in a request where its version takes no list, and so many requests at a time', async () => {
    presidio({ batch: false });
    server.behaviour = { delayMs: 20 };
    const texts = Array.from({ length: 12 }, (_, i) => `Jane ${i}`);
    const found = await ask(...texts);
    expect(found.map((spans, i) => values(texts[i] ?? '', spans))).toEqual(texts.map(() => ['Jane']));
    expect(server.requests).toHaveLength(12);
    expect(server.most).toBeLessThanOrEqual(4);
  });

  it('cuts many texts and large ones into several requests, and keeps their order', async () => {
    presidio();
    const texts = [
      ...Array.from({ length: 150 }, (_, i) => `John ${i}`),
      `Ada ${'x '.repeat(60_000)}`,
      'Grace',
    ];
    const found = await ask(...texts);
    expect(found).toHaveLength(152);
    expect(found.every((spans) => spans.length === 1)).toBe(true);
    expect(server.requests.length).toBeGreaterThan(3);
  });

  it.each([
    ['an error', { status: 500 }, 'analyser_failed'],
    ['a redirect', { redirectTo: 'http://127.0.0.1:1/' }, 'analyser_failed'],
    ['no JSON', { body: '<html>' }, 'answer_malformed'],
    ['a list for fewer texts', { body: '[]' }, 'answer_malformed'],
    ['no lists', { body: '[{}]' }, 'answer_malformed'],
    [
      'offsets outside the text',
      { body: '[[{"entity_type":"PERSON","start":0,"end":99,"score":1}]]' },
      'answer_malformed',
    ],
    [
      'offsets that are turned round',
      { body: '[[{"entity_type":"PERSON","start":3,"end":1,"score":1}]]' },
      'answer_malformed',
    ],
    ['no score', { body: '[[{"entity_type":"PERSON","start":0,"end":1}]]' }, 'answer_malformed'],
    ['no entity', { body: '[[{"start":0,"end":1,"score":1}]]' }, 'answer_malformed'],
  ])('is not believed where it answers with %s', async (_, behaviour, code) => {
    presidio();
    server.behaviour = behaviour;
    await expect(ask('Jane')).rejects.toMatchObject({ code });
  });

  it('has so long and no longer', async () => {
    presidio({ timeoutMs: 50 });
    server.behaviour = { delayMs: 5_000 };
    await expect(ask('Jane')).rejects.toMatchObject({ code: 'analyser_slow' });
  });

  it('that is not there, not known, or asked for too much, is said so', async () => {
    const port = await new Promise<number>((resolve) => {
      const probe = createServer().listen(0, '127.0.0.1', () => {
        const address = probe.address();
        probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 1));
      });
    });
    presidio({ url: `http://127.0.0.1:${port}/analyze` });
    await expect(ask('Jane')).rejects.toMatchObject({ code: 'analyser_unreachable' });
    await expect(analysers.analyse('other', ['Jane'], ['PERSON'])).rejects.toMatchObject({
      code: 'unknown_analyser',
      message: expect.stringContaining('agent.yaml'),
    });
    await expect(ask('x'.repeat(1024 * 1024 + 1))).rejects.toMatchObject({ code: 'message_too_large' });
  });

  it('is opened anew where agent.yaml has changed', async () => {
    presidio();
    await ask('Jane');
    presidio({ headers: { authorization: 'Bearer rotated' } });
    await ask('Jane');
    expect(server.requests.map(({ authorization }) => authorization)).toEqual([
      'Bearer local',
      'Bearer rotated',
    ]);
  });
});

describe('a plug-in', () => {
  const own = (...texts: string[]) => analysers.analyse('own', texts, ['PERSON']);
  const GOOD = `
    let word;
    export const open = (settings) => { word = settings.word; };
    export const analyse = async (texts, entities) => texts.map((text) => {
      const start = text.indexOf(word);
      return start < 0 ? [] : [{ entity: entities[0], start, end: start + word.length, score: 0.9 }];
    });`;

  it('is the operator’s own module, in a thread that sees no variable of the agent', async () => {
    plugin(GOOD);
    expect(await own('🏦 Ada', 'none')).toEqual([[{ entity: 'PERSON', start: 3, end: 6, score: 0.9 }], []]);
    plugin('export const analyse = (texts) => texts.map(() => Object.keys(process.env).map(() => 0));');
    expect(await own('x')).toEqual([[]]);
  });

  it.each([
    ['throws', 'export const analyse = () => { throw new Error("no model"); }', 'analyser_failed'],
    ['exports nothing', 'export default 1', 'analyser_failed'],
    ['is no module', 'this is not', 'analyser_failed'],
    [
      'does not open',
      'export const open = () => { throw new Error("no file"); }; export const analyse = () => [];',
      'analyser_failed',
    ],
    ['ends its thread', 'export const analyse = () => process.exit(3)', 'analyser_failed'],
    [
      'takes too much memory',
      'export const analyse = () => { const all = []; for (;;) all.push(new Array(1e5).fill(all.length)); }',
      'analyser_failed',
    ],
    ['answers nonsense', 'export const analyse = () => "nothing found"', 'answer_malformed'],
  ])('that %s is not believed', async (_, source, code) => {
    plugin(source);
    await expect(own('Ada')).rejects.toMatchObject({ code });
  });

  it('that hangs is ended with its thread, and the next message has a new one', async () => {
    plugin(
      `let asked = 0;
       export const analyse = (texts) => { if (texts[0] === 'hang') for (;;) asked += 1; return texts.map(() => []); };`,
      { timeoutMs: 300 },
    );
    await expect(own('hang')).rejects.toMatchObject({ code: 'analyser_slow' });
    expect(await own('fine')).toEqual([[]]);
  });
});
