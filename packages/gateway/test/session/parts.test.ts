import { FRAME_PAYLOAD_MAX_BYTES, MESSAGE_FROM_SERVER_MAX_BYTES } from '@sallyport/shared/limits';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Arrival } from '../../src/session/index.ts';
import { Link } from '../../src/session/link.ts';
import { answer, MemoryChannel, progress, request } from './memory-channel.ts';

const quiet = {
  onUnasked: () => undefined,
  onWithheld: () => undefined,
  onUnreadable: () => undefined,
  onClosed: () => undefined,
};

/** Cuts a text's bytes at any places, in the middle of characters too. Empty parts are allowed. */
function cut(text: string, places: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

async function arrivals(texts: readonly string[], cuts: readonly (readonly number[])[]): Promise<Arrival[]> {
  const channel = new MemoryChannel();
  const link = new Link(channel, quiet);
  const exchange = await link.send(request('1', { progressKey: 's:p' }));
  texts.forEach((text, index) => {
    const parts = cut(text, cuts[index] ?? []);
    parts.forEach((part, number) => {
      channel.say(part, 0, number === parts.length - 1);
    });
  });
  const found: Arrival[] = [];
  do found.push(await exchange.next());
  while (found.at(-1)?.kind === 'interim');
  return found;
}

const inner = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => JSON.stringify(text).slice(1, -1));

describe('a message in parts', () => {
  it('is the same message, wherever it was cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(inner, { maxLength: 4 }),
        inner,
        fc.array(fc.array(fc.nat(500), { maxLength: 6 }), { maxLength: 5 }),
        async (said, last, cuts) => {
          const texts = [...said.map((text) => progress('"p"', text)), answer('1', last)];
          const whole = await arrivals(texts, []);
          expect(await arrivals(texts, cuts)).toEqual(whole);
          expect(
            whole.map((arrival) => (arrival.kind === 'end' ? '' : arrival.message.raw.toString())),
          ).toEqual(texts);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('leaves in parts no larger than a frame, contiguous, with its headers once', async () => {
    for (const bytes of [
      0,
      1,
      FRAME_PAYLOAD_MAX_BYTES - 100,
      FRAME_PAYLOAD_MAX_BYTES,
      5 * FRAME_PAYLOAD_MAX_BYTES,
    ]) {
      const channel = new MemoryChannel();
      const link = new Link(channel, quiet);
      const text = `{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"${'é'.repeat(bytes / 2)}"}}`;
      // The second is asked for at once, and has to wait until the first has left whole.
      await Promise.all([link.send(request('1', { text, headers: { a: 'b' } })), link.send(request('2'))]);
      expect(channel.messages[0]).toBe(text);
      expect(channel.messages).toHaveLength(2);
      const parts = channel.sent.flatMap((frame) =>
        frame.toServer?.callId === 'call-1' ? [frame.toServer] : [],
      );
      for (const [at, part] of parts.entries()) {
        expect(Buffer.from(part.payload ?? '').length).toBeLessThanOrEqual(FRAME_PAYLOAD_MAX_BYTES);
        expect(part.headers).toEqual(at === 0 ? { a: 'b' } : {});
        expect(part.last).toBe(at === parts.length - 1);
      }
      expect(parts.length).toBe(Math.ceil(Buffer.byteLength(text) / FRAME_PAYLOAD_MAX_BYTES));
    }
  });

  it('is exactly a frame long and not followed by an empty part', async () => {
    const channel = new MemoryChannel();
    const shell = '{"jsonrpc":"2.0","id":1,"method":""}';
    const text = shell.replace('""', `"${'m'.repeat(FRAME_PAYLOAD_MAX_BYTES - shell.length)}"`);
    await new Link(channel, quiet).send(request('1', { text }));
    expect(channel.sent).toHaveLength(1);
    expect(channel.sent[0]?.toServer?.last).toBe(true);
  });

  it('that grows beyond the limit ends the session, and nothing more of it is kept', async () => {
    const channel = new MemoryChannel();
    const problems: string[] = [];
    const closes: unknown[] = [];
    const link = new Link(channel, {
      ...quiet,
      onUnreadable: (problem) => problems.push(problem),
      onClosed: (close) => closes.push(close),
    });
    const exchange = await link.send(request('1'));
    const part = Buffer.alloc(1024 * 1024, 0x78);
    for (let sent = 0; sent <= MESSAGE_FROM_SERVER_MAX_BYTES; sent += part.length) {
      expect(channel.ended).toBeUndefined();
      channel.say(part, 0, false);
    }
    expect(channel.ended).toBe('guard');
    expect(problems).toEqual(['a message of the server is larger than the limit']);
    expect(closes).toEqual([{ reason: 'guard', resumable: false }]);
    expect(await exchange.next()).toMatchObject({ kind: 'end', end: { delivery: 'unknown' } });
    // What was on its way when the channel was ended does not alarm again.
    channel.say(part, 0, false);
    expect(problems).toHaveLength(1);
  });
});
