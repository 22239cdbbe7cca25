import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { corpus } from '../framework/corpora.ts';
import { echoServer, modernRequest, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

const folder = corpus('blns');
// Cast: the corpus is a list of texts, which is checked below.
const strings =
  folder === undefined ? [] : (JSON.parse(readFileSync(join(folder, 'blns.json'), 'utf8')) as string[]);

const TINY = fileURLToPath(new URL('../framework/servers/tiny.sh', import.meta.url));

let sallyport: Sallyport;
let client: RawClient;
beforeAll(async () => {
  if (folder === undefined) return;
  sallyport = await startSallyport({
    servers: { echo: echoServer(), tiny: { transport: 'stdio', command: ['/bin/sh', TINY] } },
    // Byte for byte: also what hides, which is otherwise stripped from results.
    documents: { echo: { results: { hidden: 'pass' } } },
  });
  client = new RawClient(sallyport.mcp('echo'), sallyport.token);
  await client.initialize();
});
afterAll(() => sallyport?.stop());

/**
 * The status that a POST with this header gets, its bytes as they are: HTTP clients refuse to send many of them. Only
 * line ends are taken out, which would make it another request.
 */
function statusOf(body: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const { port } = new URL(sallyport.url);
  const lines = Object.entries({
    host: `127.0.0.1:${port}`,
    ...client.headers({ 'mcp-session-id': '', 'mcp-protocol-version': '' }),
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
    ...headers,
  }).filter(([, value]) => value !== '');
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), '127.0.0.1', () => {
      const head = lines.map(([name, value]) => `${name}: ${value.replace(/[\r\n]/g, '')}\r\n`).join('');
      socket.write(`POST /mcp/echo HTTP/1.1\r\n${head}\r\n${body}`);
    });
    socket.on('data', (part) => {
      answer += part.toString('latin1');
    });
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])));
    socket.on('error', reject);
  });
}

describe.skipIf(folder === undefined)('the big list of naughty strings', () => {
  it('is there', () => {
    expect(strings.length).toBeGreaterThan(500);
    expect(strings.every((text) => typeof text === 'string')).toBe(true);
  });

  it('as arguments, keys and extra members arrives byte for byte', async () => {
    for (const [index, text] of strings.entries()) {
      const string = JSON.stringify(text);
      const sent = `{"jsonrpc":"2.0","id":${index},"method":"tools/call","params":{"name":"echo","arguments":{"value":${string},"keys":{${string}:1}}},"x-extra":${string}}`;
      const answer = await client.post(sent);
      if (!text.isWellFormed()) {
        expect(answer.status, string).toBe(400);
        continue;
      }
      expect(answer.status, string).toBe(200);
      expect(answer.text).toBe(
        `{"jsonrpc":"2.0","id":${index},"result":{"resultType":"complete","content":[],"echo":${sent}},"x-extra":1.0}`,
      );
    }
  }, 120_000);

  it('as ids comes back as the same id', async () => {
    for (const text of strings.filter((each) => each.isWellFormed())) {
      const id = JSON.stringify(text);
      const answer = await client.post(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
      expect([answer.status, answer.text]).toEqual([200, `{"jsonrpc":"2.0","id":${id},"result":{}}`]);
    }
  }, 120_000);

  it('as names of tools, prompts, resources and methods is refused or answered, and never breaks anything', async () => {
    for (const text of strings) {
      const params = {
        name: text,
        uri: text,
        ref: { type: 'ref/prompt', name: text },
        argument: { name: text, value: text },
      };
      const methods = ['tools/call', 'prompts/get', 'resources/read', 'completion/complete', text];
      const answers = await Promise.all(
        methods.map((method, id) => client.post(JSON.stringify({ jsonrpc: '2.0', id, method, params }))),
      );
      for (const [index, answer] of answers.entries()) {
        expect(answer.status, `${methods[index]} ${text}`).toBeLessThan(500);
        expect(JSON.parse(answer.text).jsonrpc).toBe('2.0');
      }
    }
  }, 300_000);

  it('as what a client says of itself begins sessions all the same', async () => {
    for (const text of strings) {
      const fresh = new RawClient(sallyport.mcp('tiny'), sallyport.token);
      const params = {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: text, version: text },
      };
      const answer = await fresh.post(
        JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }),
      );
      expect(answer.status, JSON.stringify(text)).toBe(text.isWellFormed() ? 200 : 400);
      fresh.sessionId = answer.headers.get('mcp-session-id') ?? undefined;
      if (fresh.sessionId !== undefined) await fresh.delete();
    }
  }, 120_000);

  it('as session ids, revisions, methods, names and tokens in headers is refused, never a fault', async () => {
    const { body, headers } = modernRequest('tools/call', { name: 'echo' }, 1);
    for (const text of strings.filter((each) => each.trim() !== '')) {
      const session = await statusOf('{"jsonrpc":"2.0","id":1,"method":"ping"}', { 'mcp-session-id': text });
      expect([400, 404], `session ${text}`).toContain(session);
      for (const header of ['mcp-protocol-version', 'mcp-method', 'mcp-name'])
        expect(await statusOf(body, { ...headers, [header]: text }), `${header} ${text}`).toBe(400);
      // A header with control characters is no HTTP: that is said before who asks is looked at.
      expect([400, 401], `authorization ${text}`).toContain(await statusOf('{}', { authorization: text }));
    }
  }, 120_000);

  it('as names of servers is not found, never a fault', async () => {
    for (const text of strings.filter((each) => each.isWellFormed())) {
      const named = new RawClient(`${sallyport.url}/mcp/${encodeURIComponent(text)}`, sallyport.token);
      const answer = await named.post('{"jsonrpc":"2.0","id":1,"method":"ping"}');
      expect([404, 405], text).toContain(answer.status);
    }
    // Nothing of all that was said has hurt the log: each ending is there, and the next call goes its way.
    expect((await client.call('echo', { still: 'here' })).status).toBe(200);
    expect((await fetch(`${sallyport.url}/readyz`)).status).toBe(200);
  }, 120_000);
});
