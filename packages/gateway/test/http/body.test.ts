import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readBody } from '../../src/http/body.ts';
import { exchange, serve } from './serve.ts';

const MAX = 1000;

/** What `readBody` made of each request, in order. */
async function reader() {
  const found: string[] = [];
  let next: (text: string) => void = () => undefined;
  const server = await serve((request, response) => {
    readBody(request, MAX)
      .then(
        (body) => (body === undefined ? 'too large' : `${body.length}:${body.subarray(0, 5).toString()}`),
        (thrown: unknown) => `gone: ${thrown instanceof Error}`,
      )
      .then((text) => {
        found.push(text);
        next(text);
        response.writeHead(200, { connection: 'close' }).end(text);
      });
  });
  const nextOne = () =>
    new Promise<string>((resolve) => {
      next = resolve;
    });
  return { ...server, found, nextOne };
}

const head = (line: string) => `POST / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`;
const chunked = (parts: readonly string[]) =>
  `${head('Transfer-Encoding: chunked')}${[...parts, ''].map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}`;

describe('a body', () => {
  it('is whole up to the bound, in one piece or many, and empty where there is none', async () => {
    const { port, found } = await reader();
    await exchange(port, `${head(`Content-Length: ${MAX}`)}${'a'.repeat(MAX)}`);
    await exchange(port, chunked(Array.from({ length: MAX / 10 }, () => 'b'.repeat(10))));
    await exchange(port, head('Content-Length: 0'));
    expect(found).toEqual(['1000:aaaaa', '1000:bbbbb', '0:']);
  });

  it('of a declared length beyond it is refused before a byte is sent', async () => {
    const { port } = await reader();
    expect(await exchange(port, head(`Content-Length: ${MAX + 1}`))).toContain('too large');
  });

  it('of no declared length is refused at the bound, however long it would go on', async () => {
    const { port, found } = await reader();
    await exchange(port, chunked(['c'.repeat(MAX), 'c'])).catch(() => undefined);
    await exchange(port, `${head('Transfer-Encoding: chunked')}100000\r\n${'d'.repeat(MAX + 1)}`).catch(
      () => undefined,
    );
    expect(found).toEqual(['too large', 'too large']);
  });

  it('whose sender goes away in the middle is an error, not a short body', async () => {
    const { port, nextOne } = await reader();
    const told = nextOne();
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`${head('Content-Length: 100')}half`, () => setTimeout(() => socket.destroy(), 50));
    });
    expect(await told).toBe('gone: true');
  });
});
