import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { corpus } from '../framework/corpora.ts';
import { RawClient, type Sallyport, shiftingServer, startSallyport } from '../framework/index.ts';

// The poisoned definitions of the corpus, served by a real process to real clients: none is shown and none is called
// unless somebody pins it. Beside it, servers that many know, whose definitions say what the marks are worth.

const folder = mkdtempSync(join(tmpdir(), 'sallyport-poisoned-'));
const found = corpus('cisco-mcp-scanner-tools');
const source = join(import.meta.dirname, '../../deploy/demo/node_modules/@modelcontextprotocol');

interface Definition {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: object;
}

function poisoned(): Definition[] {
  // Cast: the corpus's own shape, as its SOURCE.txt tells.
  const tools = JSON.parse(readFileSync(join(found ?? '', 'tools.json'), 'utf8')) as {
    name: string;
    description: string;
    params: string[];
  }[];
  return tools.map(({ name, description, params }, index) => ({
    // Names come more than once in the corpus; one server has each once.
    name: `${name}_${index}`,
    description,
    inputSchema: {
      type: 'object',
      properties: Object.fromEntries(params.map((each) => [each, { type: 'string' }])),
    },
  }));
}

let sallyport: Sallyport;
let tools: Definition[] = [];
beforeAll(async () => {
  if (found === undefined) return;
  tools = poisoned();
  writeFileSync(join(folder, 'tools.json'), JSON.stringify(tools));
  writeFileSync(join(folder, 'calls'), '');
  const everything = join(source, 'server-everything/dist/index.js');
  const files = join(source, 'server-filesystem/dist/index.js');
  if (!existsSync(everything)) throw new Error('the demo is not installed. Run: pnpm install');
  sallyport = await startSallyport({
    servers: {
      poisoned: shiftingServer({
        TOOLS_FILE: join(folder, 'tools.json'),
        CALLS_FILE: join(folder, 'calls'),
        PAGE_SIZE: '50',
      }),
      // The same server, where what is seen first is trusted.
      trusted: shiftingServer({ TOOLS_FILE: join(folder, 'tools.json') }),
      everything: { transport: 'stdio', command: [process.execPath, everything, 'stdio'] },
      files: { transport: 'stdio', command: [process.execPath, files, folder] },
    },
    documents: { poisoned: { pins: 'review' } },
  });
});
afterAll(async () => {
  await sallyport?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Item {
  tool: string;
  state: string;
  seen: string;
  marks: { kind: string }[];
}

async function listed(server: string): Promise<Item[]> {
  const items: Item[] = [];
  let after = '';
  do {
    const { body } = await sallyport.api('GET', `/tools?server=${server}&limit=100${after}`);
    // Cast: the API's own shape.
    items.push(...(body.items as Item[]));
    after = typeof body.next === 'string' ? `&after=${encodeURIComponent(body.next)}` : '';
  } while (after !== '');
  return items;
}

it.skipIf(found === undefined)(
  'nothing of the poisoned corpus reaches a client that nobody has pinned',
  async () => {
    await expect.poll(async () => (await listed('poisoned')).length, { timeout: 20_000 }).toBe(144);
    const raw = new RawClient(sallyport.mcp('poisoned'), sallyport.token);
    await raw.initialize();
    let heard = '';
    let cursor: string | undefined;
    do {
      const params = cursor === undefined ? {} : { cursor };
      const page = await raw.post(JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list', params }));
      heard += page.text;
      cursor = JSON.parse(page.messages.at(-1) ?? '').result.nextCursor;
    } while (cursor !== undefined);
    for (const { name, description } of tools) {
      expect(heard).not.toContain(name);
      expect(heard).not.toContain(JSON.stringify(description).slice(1, -1));
      const { error } = JSON.parse((await raw.call(name)).messages.at(-1) ?? '');
      expect(error.data.reason).toBe('tool_unpinned');
    }
    expect(readFileSync(join(folder, 'calls'), 'utf8')).toBe('');

    // The control shows what was pinned, so that it shows nothing for a reason.
    const [first] = await listed('poisoned');
    await sallyport.api('POST', `/tools/poisoned/${first?.tool}/pin`, {
      digest: first?.seen,
      reason: 'for this test',
    });
    const client = new Client({ name: 'test', version: '1' });
    const headers = { authorization: `Bearer ${sallyport.token}` };
    await client.connect(
      // Cast: the SDK's type of a transport and exactOptionalPropertyTypes disagree.
      new StreamableHTTPClientTransport(new URL(sallyport.mcp('poisoned')), {
        requestInit: { headers },
      }) as never,
    );
    const names: string[] = [];
    let next: string | undefined;
    do {
      const page = await client.listTools(next === undefined ? {} : { cursor: next });
      names.push(...page.tools.map(({ name }) => name));
      next = page.nextCursor;
    } while (next !== undefined);
    expect(names).toEqual([first?.tool]);
    await client.close();
  },
);

it.skipIf(found === undefined)(
  'where what is seen first is trusted, what speaks to the model still waits for a person',
  async () => {
    await expect.poll(async () => (await listed('trusted')).length, { timeout: 20_000 }).toBe(144);
    const waiting = (await listed('trusted')).filter(({ state }) => state !== 'pinned');
    expect(waiting.length).toBeGreaterThanOrEqual(10);
    for (const { marks } of waiting)
      expect(marks.map(({ kind }) => kind)).toEqual(
        expect.arrayContaining([expect.stringMatching(/^(hidden-characters|instructions-to-the-model)$/)]),
      );
  },
);

it.skipIf(found === undefined)(
  'definitions of servers that many know have no strong marks, and few others',
  async () => {
    await expect
      .poll(async () => (await listed('everything')).length, { timeout: 20_000 })
      .toBeGreaterThan(5);
    await expect.poll(async () => (await listed('files')).length, { timeout: 20_000 }).toBeGreaterThan(5);
    const benign = [...(await listed('everything')), ...(await listed('files'))];
    expect(benign.filter(({ state }) => state !== 'pinned')).toEqual([]);
    expect(benign.filter(({ marks }) => marks.length > 0).length).toBeLessThanOrEqual(1);
  },
);
