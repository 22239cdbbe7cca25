import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An MCP server of the legacy era over Streamable HTTP, which answers with what it was sent. */
export interface HttpEcho {
  readonly url: string;
  /** The argument `n` of each call that came here, in order. */
  readonly ran: number[];
  stop(): Promise<void>;
}

const INITIALIZED = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'http-echo', version: '1.0.0' },
};

export async function startHttpEcho(): Promise<HttpEcho> {
  const ran: number[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (request.method !== 'POST') return response.writeHead(405).end();
      const text = Buffer.concat(parts).toString('utf8');
      const message = JSON.parse(text);
      if (message.id === undefined) return response.writeHead(202).end();
      let result: unknown = {};
      if (message.method === 'initialize') result = INITIALIZED;
      if (message.method === 'tools/list')
        result = { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] };
      if (message.method === 'tools/call') {
        ran.push(message.params.arguments.n);
        result = { content: [], echo: message };
      }
      response.writeHead(200, { 'content-type': 'application/json' });
      return response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // cast: a TCP listener's address is an object
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    ran,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
