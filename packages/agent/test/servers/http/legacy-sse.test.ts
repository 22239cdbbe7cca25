import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../gateway-side/until.ts';
import { HttpBench, post } from './recorder.ts';

let bench: HttpBench;
let streamOut: ServerResponse | undefined;

beforeEach(async () => {
  bench = await HttpBench.start();
  streamOut = undefined;
});
afterEach(() => bench.stop());

function serve(endpoint: string): void {
  bench.answer = (request, response) => {
    if (request.method === 'GET') {
      streamOut = response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`event: endpoint\ndata: ${endpoint}\n\n`);
      return;
    }
    response.writeHead(202).end('Accepted');
    streamOut?.write(`event: message\ndata: ${request.body.replace('method', 'echoed')}\n\n`);
  };
}

const CALL = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

describe('a server of the HTTP+SSE transport', () => {
  it('gets messages at the endpoint it names and answers on its stream', async () => {
    serve('/messages?session=1');
    const { connection, events } = await bench.connect({ transport: 'sse' });
    connection.send(post(4, CALL));
    await until(() => events.messages.length === 1, 'the answer');
    expect(events.messages).toEqual([{ exchange: 0, text: CALL.replace('method', 'echoed') }]);
    expect(bench.seen[1]).toMatchObject({ method: 'POST', url: '/messages?session=1', body: CALL });
    expect(bench.seen.map((seen) => seen.headers.authorization)).toEqual(['Bearer s3cret', 'Bearer s3cret']);
    expect(events.ends).toEqual([]);
    await connection.end(false);
    await until(() => bench.closedByClient === 1, 'the close of the stream');
    expect(events.over).toEqual({ reason: 'ended', detail: '' });
  });

  it('may not send the credential to another host', async () => {
    serve('http://127.0.0.2:9/messages');
    await expect(bench.connect({ transport: 'sse' })).rejects.toThrow(/endpoint on another host/);
  });

  it('is unavailable when it names no endpoint in time, or is no stream', async () => {
    bench.answer = (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    await expect(bench.connect({ transport: 'sse', timeoutMs: 200 })).rejects.toThrow(
      /did not name its endpoint/,
    );
    bench.answer = (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('hi');
    await expect(bench.connect({ transport: 'sse' })).rejects.toThrow(/did not answer with an event stream/);
    bench.answer = (_request, response) => response.writeHead(401).end();
    await expect(bench.connect({ transport: 'sse' })).rejects.toThrow(/HTTP 401/);
  });

  it('ends the session when its stream ends, and an exchange when its POST fails', async () => {
    serve('/messages');
    const { connection, events } = await bench.connect({ transport: 'sse' });
    bench.answer = (_request, response) => response.writeHead(500).end();
    connection.send(post(1, CALL));
    expect(await events.end(1)).toMatchObject({ error: 'http_status', httpStatus: 500 });
    streamOut?.end();
    await until(() => events.over !== undefined, 'the end');
    expect(events.over).toMatchObject({ reason: 'closed' });
  });
});
