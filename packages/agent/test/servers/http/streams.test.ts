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

describe('a stream that breaks', () => {
  it('is resumed from the last event id after the time the server asked for', async () => {
    let resumedAfterMs = 0;
    let brokenAt = 0;
    bench.answer = (request, response) => {
      if (request.method === 'POST') {
        stream(response).write('retry: 300\nid: a1\ndata:\n\nid: a2\ndata: {"method":"n1"}\n\n');
        setTimeout(() => {
          brokenAt = performance.now();
          response.end();
        }, 20);
      } else {
        resumedAfterMs = performance.now() - brokenAt;
        stream(response).end(`id: a3\ndata: ${RESULT}\n\n`);
      }
    };
    const { connection, events } = await bench.connect();
    connection.send(post(5, CALL));
    expect(await events.end(5)).toMatchObject({ delivery: 'DELIVERY_ANSWERED', error: '' });
    expect(events.messages).toEqual([
      { exchange: 5, text: '{"method":"n1"}' },
      { exchange: 5, text: RESULT },
    ]);
    expect(bench.seen[1]).toMatchObject({
      method: 'GET',
      headers: { 'last-event-id': 'a2', authorization: 'Bearer s3cret' },
    });
    expect(resumedAfterMs).toBeGreaterThan(250);
  });

  it('without ids may have been worked on', async () => {
    bench.answer = (_request, response) => stream(response).end('data: {"method":"n1"}\n\n');
    const { connection, events } = await bench.connect();
    connection.send(post(1, CALL));
    expect(await events.end(1)).toMatchObject({ delivery: 'DELIVERY_SENT', error: 'stream_broken' });
    expect(bench.seen.length).toBe(1);
  });

  it('is given up when the server will not resume it', async () => {
    bench.answer = (request, response) => {
      if (request.method === 'POST') stream(response).end('retry: 1\nid: a1\ndata:\n\n');
      else response.writeHead(405).end();
    };
    const { connection, events } = await bench.connect();
    connection.send(post(1, CALL));
    expect(await events.end(1)).toMatchObject({
      delivery: 'DELIVERY_SENT',
      error: 'stream_broken',
      httpStatus: 405,
    });
  });

  it('is not resumed in the modern era, which has no GET', async () => {
    bench.answer = (_request, response) => stream(response).end('retry: 1\nid: a1\ndata: {"method":"x"}\n\n');
    const { connection, events } = await bench.connect({ era: 'modern' });
    connection.send(post(1, CALL));
    expect(await events.end(1)).toMatchObject({ error: 'stream_broken' });
    expect(bench.seen.length).toBe(1);
  });
});

describe('the stream of what the server says unasked', () => {
  it('carries messages under its exchange, and goes on from its last event for the next channel', async () => {
    bench.answer = (request, response) => {
      if (request.method === 'GET') stream(response).write('id: 9\ndata: {"method":"changed"}\n\n');
    };
    const { connection, events } = await bench.connect();
    connection.listen(3, '');
    await until(() => events.messages.length === 1, 'the message');
    expect(events.messages).toEqual([{ exchange: 3, text: '{"method":"changed"}' }]);
    connection.forgetExchanges();
    connection.listen(1, '');
    await until(() => bench.seen.length === 2, 'the second stream');
    expect(bench.seen.map((seen) => seen.headers['last-event-id'])).toEqual([undefined, '9']);
  });

  it('is refused by a server that has none', async () => {
    bench.answer = (_request, response) => response.writeHead(405).end();
    const { connection, events } = await bench.connect();
    connection.listen(3, '');
    expect(await events.end(3)).toMatchObject({ error: 'http_status', httpStatus: 405 });
  });
});

describe('a channel that breaks', () => {
  it('leaves a legacy request running and drops its late answer', async () => {
    let finish: (() => void) | undefined;
    bench.answer = (_request, response) => {
      finish = () => json(response, RESULT);
    };
    const { connection, events } = await bench.connect();
    connection.send(post(1, CALL));
    await until(() => finish !== undefined, 'the request');
    connection.forgetExchanges();
    bench.answer = (_request, response) => json(response, RESULT);
    connection.send(post(1, CALL));
    expect(await events.end(1)).toMatchObject({ error: '' });
    finish?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(events.messages.length).toBe(1);
    expect(events.ends.length).toBe(1);
    expect(bench.closedByClient).toBe(0);
  });

  it('closes a modern request, which cancels it', async () => {
    bench.answer = () => {};
    const { connection } = await bench.connect({ era: 'modern' });
    connection.send(post(1, CALL));
    await until(() => bench.seen.length === 1, 'the request');
    connection.forgetExchanges();
    await until(() => bench.closedByClient === 1, 'the close');
  });
});

describe('back-pressure', () => {
  it('stops reading a stream while paused, and loses nothing', async () => {
    let written = 0;
    const event = `data: {"method":"n","pad":"${'x'.repeat(60_000)}"}\n\n`;
    bench.answer = (_request, response) => {
      stream(response);
      const more = (): void => {
        while (written < 1_000) {
          written += 1;
          if (!response.write(event)) {
            response.once('drain', more);
            return;
          }
        }
        response.end(`data: ${RESULT}\n\n`);
      };
      more();
    };
    const { connection, events } = await bench.connect();
    connection.send(post(1, CALL));
    await until(() => events.messages.length > 0, 'the first');
    connection.pause();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const held = written;
    expect(held).toBeLessThan(1_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(written).toBe(held);
    connection.resume();
    await events.end(1);
    expect(events.messages.length).toBe(1_001);
  });

  it('refuses more open requests than a session may have, without a byte sent', async () => {
    bench.answer = () => {};
    const { connection, events } = await bench.connect();
    for (let exchange = 1; exchange <= 257; exchange += 1) connection.send(post(exchange, CALL));
    expect(await events.end(257)).toMatchObject({ delivery: 'DELIVERY_NOT_SENT', error: 'backlog' });
    expect(events.ends.length).toBe(1);
    await connection.end(true);
  });
});
