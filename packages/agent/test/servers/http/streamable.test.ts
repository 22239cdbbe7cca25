import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../gateway-side/until.ts';
import { HttpBench, post } from './recorder.ts';

let bench: HttpBench;
beforeEach(async () => {
  bench = await HttpBench.start();
});
afterEach(() => bench.stop());

const CALL = '{"jsonrpc":"2.0","id":1.0,"method":"tools/call"}';
const RESULT = '{"result":{"n":12345678901234567890},"jsonrpc":"2.0","id":1.0}';

function json(response: ServerResponse, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(text);
}

function stream(response: ServerResponse): ServerResponse {
  return response.writeHead(200, { 'content-type': 'text/event-stream' });
}

describe('a message to a Streamable HTTP server', () => {
  it('is a POST with its bytes, the MCP headers, the credential, and brings the JSON answer unchanged', async () => {
    bench.answer = (_request, response) => json(response, RESULT);
    const { connection, events } = await bench.connect({ era: 'modern' });
    connection.send(
      post(7, CALL, { headers: { 'mcp-method': 'tools/call', 'mcp-protocol-version': '2026-07-28' } }),
    );
    expect(await events.end(7)).toMatchObject({ delivery: 'DELIVERY_ANSWERED', error: '', httpStatus: 0 });
    expect(events.messages).toEqual([{ exchange: 7, text: RESULT }]);
    expect(bench.seen[0]).toMatchObject({
      method: 'POST',
      url: '/mcp',
      body: CALL,
      headers: {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        authorization: 'Bearer s3cret',
        'mcp-method': 'tools/call',
        'mcp-protocol-version': '2026-07-28',
      },
    });
  });

  it('may be answered by an event stream, message by message', async () => {
    bench.answer = (_request, response) => {
      stream(response).write(': hello\n\nid: 1\ndata: \n\ndata: {"method":"notifications/progress"}\n\n');
      setTimeout(() => response.end(`event: message\r\ndata: ${RESULT}\r\n\r\n`), 50);
    };
    const { connection, events } = await bench.connect();
    connection.send(post(1, CALL));
    expect(await events.end(1)).toMatchObject({ delivery: 'DELIVERY_ANSWERED', error: '' });
    expect(events.messages.map((message) => message.text)).toEqual([
      '{"method":"notifications/progress"}',
      RESULT,
    ]);
    expect(bench.seen.length).toBe(1);
  });

  it('that is a notification ends with 202', async () => {
    bench.answer = (_request, response) => response.writeHead(202).end();
    const { connection, events } = await bench.connect();
    connection.send(post(1, CALL, { expectsAnswer: false }));
    expect(await events.end(1)).toMatchObject({ delivery: 'DELIVERY_ANSWERED', error: '' });
    connection.send(post(2, CALL));
    expect(await events.end(2)).toMatchObject({ error: 'bad_answer', httpStatus: 202 });
  });

  it('keeps the session id here and sends it on, then tells the server when all is over', async () => {
    bench.answer = (request, response) => {
      if (request.method === 'DELETE') response.writeHead(200).end();
      else json(response, RESULT, { 'mcp-session-id': 'abc' });
    };
    const { connection, events } = await bench.connect();
    connection.send(post(1, CALL));
    await events.end(1);
    connection.send(post(2, CALL, { headers: { 'mcp-protocol-version': '2025-11-25' } }));
    await events.end(2);
    await connection.end(false);
    expect(bench.seen.map((seen) => [seen.method, seen.headers['mcp-session-id']])).toEqual([
      ['POST', undefined],
      ['POST', 'abc'],
      ['DELETE', 'abc'],
    ]);
    expect(bench.seen[2]?.headers).toMatchObject({
      authorization: 'Bearer s3cret',
      'mcp-protocol-version': '2025-11-25',
    });
    expect(events.over).toEqual({ reason: 'ended', detail: '' });
  });
});

describe('what goes wrong with a message', () => {
  it('is not sent when nothing listens', async () => {
    const { connection, events } = await bench.connect({ url: 'http://127.0.0.1:1/mcp' });
    connection.send(post(1, CALL));
    expect(await events.end(1)).toMatchObject({
      delivery: 'DELIVERY_NOT_SENT',
      error: 'connect',
      detail: 'the server could not be reached: nothing listens at the address',
    });
  });

  it('may have arrived when the connection breaks afterwards', async () => {
    bench.answer = (_request, response) => response.destroy();
    const { connection, events } = await bench.connect();
    connection.send(post(1, CALL));
    expect(await events.end(1)).toMatchObject({ delivery: 'DELIVERY_SENT', error: 'stream_broken' });
    expect(bench.seen.length).toBe(1);
  });

  it('is an HTTP error with the JSON body, or without another', async () => {
    const body = '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}';
    bench.answer = (_request, response) =>
      response.writeHead(404, { 'content-type': 'application/json' }).end(body);
    const { connection, events } = await bench.connect({ era: 'modern' });
    connection.send(post(1, CALL));
    const end = await events.end(1);
    expect(end).toMatchObject({ delivery: 'DELIVERY_ANSWERED', error: 'http_status', httpStatus: 404 });
    expect(end.errorBody?.toString()).toBe(body);
    bench.answer = (_request, response) =>
      response.writeHead(503, { 'content-type': 'text/html' }).end('<h1>secret</h1>');
    connection.send(post(2, CALL));
    const html = await events.end(2);
    expect(html).toMatchObject({
      error: 'http_status',
      httpStatus: 503,
      detail: 'the server answered HTTP 503',
    });
    expect(html.errorBody).toBeUndefined();
  });

  it('is the loss of the session when the server answers 404 to its id', async () => {
    bench.answer = (_request, response) => json(response, RESULT, { 'mcp-session-id': 'abc' });
    const { connection, events } = await bench.connect();
    connection.send(post(1, CALL));
    await events.end(1);
    bench.answer = (_request, response) => response.writeHead(404).end();
    connection.send(post(2, CALL));
    await until(() => events.over !== undefined, 'the end');
    expect(events.over).toMatchObject({ reason: 'lost' });
    expect(await events.end(2)).toMatchObject({ error: 'http_status', httpStatus: 404 });
  });

  it('is a redirect, which is not followed: the credential stays with its server', async () => {
    bench.answer = (request, response) => {
      if (request.url === '/mcp') response.writeHead(307, { location: '/elsewhere' }).end();
      else json(response, RESULT);
    };
    const { connection, events } = await bench.connect();
    connection.send(post(1, CALL));
    expect(await events.end(1)).toMatchObject({ error: 'http_status', httpStatus: 307 });
    expect(bench.seen.map((seen) => seen.url)).toEqual(['/mcp']);
  });

  it('is an answer that is neither JSON nor a stream, or compressed', async () => {
    bench.answer = (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end('hello');
    const { connection, events } = await bench.connect();
    connection.send(post(1, CALL));
    expect(await events.end(1)).toMatchObject({ delivery: 'DELIVERY_SENT', error: 'bad_answer' });
    bench.answer = (_request, response) => json(response, 'xx', { 'content-encoding': 'gzip' });
    connection.send(post(2, CALL));
    expect(await events.end(2)).toMatchObject({ error: 'bad_answer' });
    bench.answer = (_request, response) => json(response, 'not json');
    connection.send(post(3, CALL));
    expect(await events.end(3)).toMatchObject({ error: 'bad_answer' });
  });

  it('is an answer larger than a message may be', async () => {
    bench.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const chunk = Buffer.alloc(1024 * 1024, 0x20);
      for (let i = 0; i < 18; i += 1) response.write(chunk);
      response.end();
    };
    const { connection, events } = await bench.connect();
    connection.send(post(1, CALL));
    expect(await events.end(1)).toMatchObject({ error: 'too_large' });
  });

  it('is a credential that is missing: refused in words, nothing sent', async () => {
    await expect(bench.connect({ reference: 'env:MISSING' })).rejects.toThrow('bench: MISSING is not set');
    expect(bench.seen).toEqual([]);
  });

  it('is cancelled by closing the request', async () => {
    bench.answer = (_request, response) => {
      stream(response).write('data: {"method":"x"}\n\n');
    };
    const { connection, events } = await bench.connect({ era: 'modern' });
    connection.send(post(1, CALL));
    await until(() => events.messages.length === 1, 'the stream');
    connection.cancel(1);
    await until(() => bench.closedByClient === 1, 'the close');
    expect(events.ends).toEqual([]);
  });
});
