import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startTokenAdder } from './token-adder.ts';

describe('the token adder', () => {
  const cleanUp: (() => unknown)[] = [];
  afterEach(async () => {
    for (const each of cleanUp.splice(0)) await each();
  });

  async function inFrontOf(
    handle: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
  ): Promise<string> {
    const server = createServer(handle);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const target = `http://127.0.0.1:${port}/mcp/some`;
    const adder = await startTokenAdder(target, 'the-token');
    cleanUp.push(
      () => adder.stop(),
      () => server.closeAllConnections(),
      () => server.close(),
    );
    return adder.through(target);
  }

  it('adds the token and leaves Host, Origin, path and body as they are', async () => {
    let seen: IncomingMessage | undefined;
    let body = '';
    const url = await inFrontOf((incoming, outgoing) => {
      seen = incoming;
      incoming.on('data', (chunk) => {
        body += chunk;
      });
      incoming.on('end', () => outgoing.writeHead(418, { 'x-own': 'kept' }).end('teapot'));
    });
    const headers = { host: 'evil.example.com', origin: 'http://evil.example.com', 'mcp-session-id': 's1' };
    const answer = await new Promise<IncomingMessage>((resolve) =>
      request(url, { method: 'POST', headers }, resolve).end('{"a":1.0}'),
    );
    answer.resume();
    expect(answer.statusCode).toBe(418);
    expect(answer.headers['x-own']).toBe('kept');
    expect(seen?.url).toBe('/mcp/some');
    expect(seen?.headers).toMatchObject({ ...headers, authorization: 'Bearer the-token' });
    expect(body).toBe('{"a":1.0}');
  });

  it('streams, and lets go of the server when the client goes away', async () => {
    const gone = Promise.withResolvers<void>();
    const url = await inFrontOf((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      outgoing.write('data: first\n\n');
      outgoing.on('close', () => gone.resolve());
    });
    const client = request(url, { method: 'POST' });
    const first = new Promise<string>((resolve) =>
      client.on('response', (answer) => answer.once('data', (chunk) => resolve(String(chunk)))),
    );
    client.on('error', () => {}); // it is destroyed below
    client.end();
    expect(await first).toBe('data: first\n\n');
    client.destroy();
    await gone.promise;
  });
});
