import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { HttpAnswer } from '../../src/http/answer.ts';
import { KEEP_ALIVE_COMMENT_MS, STREAM_AFTER_MS } from '../../src/http/limits.ts';
import { serve } from './serve.ts';

/** Runs `work` on the answer of one request, and gives what its client gets. */
async function answerOf(work: (answer: HttpAnswer) => void | Promise<void>, mayStream = true) {
  const { url } = await serve((_request, response) => void work(new HttpAnswer(response, { mayStream })));
  const response = await fetch(url);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The data of each event, put together as the specification of server-sent events says. */
function dataOf(text: string): string[] {
  return text
    .split('\n\n')
    .map((event) =>
      event.split(/\r\n|\r|\n/).flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : [])),
    )
    .flatMap((lines) => (lines.length === 0 ? [] : [lines.join('\n')]));
}

const body = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"é":1.0}}');

describe('an answer that comes alone', () => {
  it('is JSON, byte for byte, with its status, length and headers', async () => {
    const got = await answerOf((answer) =>
      answer.final({ status: 404, body, headers: { 'Mcp-Session-Id': 's' } }),
    );
    expect([got.status, got.text]).toEqual([404, body.toString()]);
    expect(got.headers.get('content-type')).toBe('application/json');
    expect(got.headers.get('content-length')).toBe(String(body.length));
    expect(got.headers.get('mcp-session-id')).toBe('s');
  });

  it('may have no body, and then has no type', async () => {
    const got = await answerOf((answer) => answer.final({ status: 202 }));
    expect([got.status, got.text, got.headers.get('content-type')]).toEqual([202, '', null]);
  });

  it('is given once: what comes after it changes nothing', async () => {
    const got = await answerOf(async (answer) => {
      answer.final({ status: 200, body });
      answer.final({ status: 500, body: Buffer.from('{}') });
      await answer.interim(body);
      answer.end();
    });
    expect([got.status, got.text]).toEqual([200, body.toString()]);
  });

  it('takes its time: then it is a stream with what was announced, and only where the client takes one', async () => {
    for (const [mayStream, type] of [
      [true, 'text/event-stream'],
      [false, 'application/json'],
    ] as const) {
      const got = await answerOf((answer) => {
        answer.announce({ 'Mcp-Session-Id': 's' });
        answer.tick(performance.now() + STREAM_AFTER_MS);
        answer.final({ status: 200, body, headers: { 'Mcp-Session-Id': 's' } });
      }, mayStream);
      expect([got.status, got.headers.get('content-type'), got.headers.get('mcp-session-id')]).toEqual([
        200,
        type,
        's',
      ]);
      expect(got.text).toContain(body.toString());
    }
  });

  it('is not a stream before that', async () => {
    const got = await answerOf((answer) => {
      answer.tick(performance.now() + STREAM_AFTER_MS - 500);
      answer.final({ status: 200, body });
    });
    expect(got.headers.get('content-type')).toBe('application/json');
  });
});

describe('an answer after others', () => {
  it('is the last event of a stream that nothing may buffer, change or keep', async () => {
    const got = await answerOf(async (answer) => {
      await answer.interim(Buffer.from('{"a":1}'));
      await answer.interim(Buffer.from('{"b":2}'));
      answer.final({ status: 503, body });
    });
    // The status has left with the first event.
    expect(got.status).toBe(200);
    expect(got.headers.get('content-type')).toBe('text/event-stream');
    expect(got.headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(got.headers.get('x-accel-buffering')).toBe('no');
    expect(dataOf(got.text)).toEqual(['{"a":1}', '{"b":2}', body.toString()]);
  });

  it('is the same text where it has line ends, whichever they are', async () => {
    for (const end of ['\n', '\r\n', '\r', '\n\n', '\r\r\n']) {
      const text = `{${end}"a":${end}"b\\n\u2028\u0085c"${end}}`;
      const got = await answerOf(async (answer) => {
        await answer.interim(Buffer.from(text));
        answer.final({ status: 200, body: Buffer.from(text) });
      });
      expect(got.text).not.toMatch(/\r/);
      const events = dataOf(got.text);
      expect(events).toHaveLength(2);
      for (const data of events) {
        expect(JSON.parse(data)).toEqual(JSON.parse(text));
        expect(data).toBe(text.replace(/\r\n|\r/g, '\n'));
      }
    }
  });

  it('may be no answer: the stream only ends', async () => {
    const got = await answerOf((answer) => {
      answer.open();
      answer.end();
    });
    expect([got.status, got.headers.get('content-type'), got.text]).toEqual([200, 'text/event-stream', '']);
  });

  it('comes with comments before it where it is silent for long, and without where it is not', async () => {
    const got = await answerOf(async (answer) => {
      await answer.interim(Buffer.from('{}'));
      const now = performance.now();
      answer.tick(now + KEEP_ALIVE_COMMENT_MS / 2);
      answer.tick(now + KEEP_ALIVE_COMMENT_MS + 1);
      answer.final({ status: 200, body });
      answer.tick(now + 10 * KEEP_ALIVE_COMMENT_MS);
    });
    expect(got.text.match(/^: /gm)).toHaveLength(1);
    expect(dataOf(got.text)).toEqual(['{}', body.toString()]);
  });
});

describe('a client', () => {
  it('that does not read holds the next message back, and gets all of it when it does', async () => {
    const part = Buffer.from(`"${'x'.repeat(64 * 1024)}"`);
    let released = 0;
    let listeners = 0;
    const { port } = await serve((_request, response) => {
      const answer = new HttpAnswer(response, { mayStream: true });
      void (async () => {
        const before = response.listenerCount('close');
        for (let i = 0; i < 400; i += 1) {
          await answer.interim(part);
          released += 1;
        }
        listeners = response.listenerCount('close') - before;
        answer.final({ status: 200, body });
      })();
    });
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
    );
    socket.pause();
    let before = -1;
    while (before !== released) {
      before = released;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // 25 MiB were offered; what left is what the kernel's socket buffers took.
    expect(released).toBeLessThan(400);
    let bytes = 0;
    socket.on('data', (data) => {
      bytes += data.length;
    });
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(released).toBe(400);
    // However often it waited, nothing of that is left on the response.
    expect(listeners).toBe(0);
    expect(bytes).toBeGreaterThan(400 * part.length);
  });

  it('that goes is noticed once, also by who waits for it to read', async () => {
    let gone = 0;
    let waited: Promise<void> | undefined;
    const { port } = await serve((_request, response) => {
      const answer = new HttpAnswer(response, { mayStream: true });
      answer.onGone(() => {
        gone += 1;
      });
      waited = (async () => {
        for (let i = 0; i < 400; i += 1) await answer.interim(Buffer.alloc(64 * 1024, 0x20));
        answer.final({ status: 200, body });
      })();
    });
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 300));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await waited;
    expect(gone).toBe(1);
  });

  it('that goes after its answer is not gone', async () => {
    let gone = 0;
    await answerOf((answer) => {
      answer.onGone(() => {
        gone += 1;
      });
      answer.final({ status: 200, body });
    });
    expect(gone).toBe(0);
  });
});
