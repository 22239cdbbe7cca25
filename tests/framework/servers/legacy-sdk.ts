import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { completable } from '@modelcontextprotocol/sdk/server/completable.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';

// A server of the official legacy SDK: `node legacy-sdk.ts stdio|http|sse`. Over HTTP it prints its URL as the first
// line, and `GET /sessions` says how many sessions it has. It knows the legacy era only.

const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] });
let cancelled = 0;

function createLegacyServer(): McpServer {
  const server = new McpServer(
    { name: 'legacy-sdk', version: '1.0.0' },
    { capabilities: { logging: {}, tools: { listChanged: true }, resources: { subscribe: true } } },
  );
  registerTools(server);
  registerAskingTools(server);
  server.registerResource('text', 'test://text', { mimeType: 'text/plain' }, (uri) => ({
    contents: [{ uri: uri.href, text: 'the text of the resource' }],
  }));
  server.registerPrompt(
    'greet',
    { argsSchema: { city: completable(z.string(), (value) => complete(value)) } },
    ({ city }) => ({
      messages: [{ role: 'user', content: { type: 'text', text: `Hello, ${city}` } }],
    }),
  );
  return server;
}

function complete(value: string): string[] {
  return ['paris', 'park', 'rome'].filter((city) => city.startsWith(value));
}

function registerTools(server: McpServer): void {
  server.registerTool('say', { inputSchema: { words: z.string() } }, ({ words }) => text(words));
  server.registerTool('report', {}, async (extra) => {
    const progressToken = extra._meta?.progressToken;
    for (const progress of [1, 2, 3]) {
      await extra.sendNotification({
        method: 'notifications/message',
        params: { level: 'info', data: `step ${progress}` },
      });
      if (progressToken !== undefined)
        await extra.sendNotification({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 3 },
        });
    }
    return text('reported');
  });
  server.registerTool('change', {}, () => {
    server.sendToolListChanged();
    return text('announced');
  });
  server.registerTool('wait', {}, async ({ signal }) => {
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        cancelled += 1;
        resolve();
      });
    });
    return text('waited');
  });
  server.registerTool('cancelled', {}, () => text(String(cancelled)));
}

function registerAskingTools(server: McpServer): void {
  server.registerTool('sample', {}, async (extra) => {
    const { content } = await server.server.createMessage(
      { messages: [{ role: 'user', content: { type: 'text', text: 'Say a word' } }], maxTokens: 5 },
      { relatedRequestId: extra.requestId },
    );
    return text(content.type === 'text' ? content.text : content.type);
  });
  server.registerTool('elicit', {}, async (extra) => {
    const answer = await server.server.elicitInput(
      {
        message: 'Your name?',
        requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
      },
      { relatedRequestId: extra.requestId },
    );
    return text(`${answer.action} ${JSON.stringify(answer.content)}`);
  });
  server.registerTool('roots', {}, async (extra) => {
    const { roots } = await server.server.listRoots(undefined, { relatedRequestId: extra.requestId });
    return text(roots.map((root) => root.uri).join(' '));
  });
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let body = '';
  for await (const part of request) body += part;
  return body === '' ? undefined : JSON.parse(body);
}

const streams = new Map<string, StreamableHTTPServerTransport>();
async function serveHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = request.method === 'POST' ? await bodyOf(request) : undefined;
  const known = streams.get(String(request.headers['mcp-session-id']));
  if (known !== undefined) return known.handleRequest(request, response, body);
  if (!isInitializeRequest(body)) {
    // As the SDK's own examples refuse what names no session.
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: no valid session ID"}}',
    );
    return;
  }
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => {
      streams.set(id, transport);
    },
    onsessionclosed: (id) => {
      streams.delete(id);
    },
  });
  await createLegacyServer().connect(transport);
  return transport.handleRequest(request, response, body);
}

const events = new Map<string, SSEServerTransport>();
async function serveSse(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (request.method === 'GET') {
    const transport = new SSEServerTransport('/messages', response);
    events.set(transport.sessionId, transport);
    response.on('close', () => events.delete(transport.sessionId));
    return createLegacyServer().connect(transport);
  }
  const known = events.get(url.searchParams.get('sessionId') ?? '');
  if (known !== undefined) return known.handlePostMessage(request, response);
  response.writeHead(404).end();
}

const [, , transport = 'stdio'] = process.argv;
if (transport === 'stdio') await createLegacyServer().connect(new StdioServerTransport());
else {
  const serve = transport === 'sse' ? serveSse : serveHttp;
  const listener = createServer((request, response) => {
    if (request.url === '/sessions') response.end(String(streams.size + events.size));
    else void serve(request, response);
  });
  listener.listen(0, '127.0.0.1', () => {
    // A TCP listener's address is an object, never a pipe's name.
    const { port } = listener.address() as AddressInfo;
    process.stdout.write(`http://127.0.0.1:${port}/${transport === 'sse' ? 'sse' : 'mcp'}\n`);
  });
}
