/** The echo server over the SDK's own Streamable HTTP with sessions: `node http.ts PORT`, the party `direct`. */

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { createEchoServer } from './echo-server.ts';

const sessions = new Map<string, NodeStreamableHTTPServerTransport>();

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = request.headers['mcp-session-id'];
  const known = typeof id === 'string' ? sessions.get(id) : undefined;
  if (known) return known.handleRequest(request, response);
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (opened) => {
      sessions.set(opened, transport);
    },
  });
  await createEchoServer().connect(transport);
  return transport.handleRequest(request, response);
}

createServer((request, response) => void handle(request, response)).listen(
  Number(process.argv[2]),
  '127.0.0.1',
  () => process.stdout.write('ready\n'),
);
