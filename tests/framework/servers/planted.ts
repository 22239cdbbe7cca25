import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { CARRIERS } from '../../../packages/shared/test/masking/carriers.ts';

// A server that says what a test planted: `node planted.ts stdio|http`. The tool `plant` takes the name of a carrier
// (packages/shared/test/masking/carriers.ts), a label, a key and a text, and answers with that carrier's message: a
// result, an error, a notification before the answer, or a request of its own. Both eras; over HTTP it prints its URL.

/** Content that masking can't read. */
const UNREADABLE: typeof CARRIERS = {
  binaryBlob: (_label, content) =>
    JSON.stringify({
      result: {
        content: [
          { type: 'resource', resource: { uri: 'x:/1', blob: Buffer.from(content).toString('base64') } },
        ],
      },
    }),
  hologram: (_label, content) =>
    JSON.stringify({ result: { content: [{ type: 'hologram', data: content }] } }),
};

interface Request {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: {
    readonly arguments?: { carrier: string; label: string; key: string; text: string };
    readonly _meta?: { progressToken?: unknown };
  };
}

/** What the server says to one message, in order. The last answers it where it is a request. */
function answers(request: Request): object[] {
  const { id, method, params } = request;
  const result = (body: object) => ({ jsonrpc: '2.0', id, result: body });
  if (id === undefined || method === undefined) return [];
  if (method === 'initialize')
    return [
      result({
        protocolVersion: '2025-11-25',
        capabilities: { tools: {}, logging: {} },
        serverInfo: { name: 'planted', version: '1.0.0' },
      }),
    ];
  if (method === 'server/discover')
    return [
      result({
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {} },
        serverInfo: { name: 'planted', version: '1.0.0' },
        ttlMs: 0,
        cacheScope: 'private',
      }),
    ];
  if (method === 'tools/list')
    return [
      result({
        resultType: 'complete',
        tools: [{ name: 'plant', inputSchema: { type: 'object' } }],
        ttlMs: 0,
        cacheScope: 'private',
      }),
    ];
  const planted = params?.arguments;
  const carrier = planted === undefined ? undefined : { ...CARRIERS, ...UNREADABLE }[planted.carrier];
  if (planted === undefined || carrier === undefined) return [result({ resultType: 'complete' })];
  const decoded = Buffer.from(planted.text, 'base64').toString('utf8');
  // Cast: carriers write JSON-RPC messages.
  const message = JSON.parse(carrier(planted.label, decoded, planted.key)) as {
    method?: string;
    id?: unknown;
    result?: object;
    error?: object;
    params?: object;
  };
  if (message.error !== undefined) return [{ jsonrpc: '2.0', id, error: message.error }];
  if (message.result !== undefined) return [result({ resultType: 'complete', ...message.result })];
  const said =
    message.method === 'notifications/progress'
      ? { ...message, params: { ...message.params, progressToken: params?._meta?.progressToken ?? 'p' } }
      : message;
  return [said, result({ resultType: 'complete', content: [] })];
}

if (process.argv[2] === 'http') serveHttp();
else {
  createInterface({ input: process.stdin }).on('line', (line) => {
    for (const message of answers(JSON.parse(line) as Request))
      process.stdout.write(`${JSON.stringify(message)}\n`);
  });
}

function serveHttp(): void {
  const server = createServer(async (request, response) => {
    if (request.method !== 'POST') {
      response.writeHead(405).end();
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const messages = answers(JSON.parse(Buffer.concat(parts).toString('utf8')) as Request);
    if (messages.length === 0) {
      response.writeHead(202).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(messages.map((message) => `event: message\ndata: ${JSON.stringify(message)}\n\n`).join(''));
  });
  server.listen(0, '127.0.0.1', () => {
    // Cast: it listens on a port.
    process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp\n`);
  });
}
