import { describe, expect, it } from 'vitest';
import { UNHEARD_MAX_BYTES, UNHEARD_MAX_MESSAGES } from '../../src/session/limits.ts';
import { Listener } from '../../src/session/listener.ts';
import { message, progress } from './memory-channel.ts';

const said = (text: string) => message(progress('1', text));
const HALF = 'x'.repeat(UNHEARD_MAX_BYTES / 2);

describe('the stream of what a server says unasked', () => {
  it('begins with what was said before, in order', async () => {
    const listener = new Listener();
    listener.say(said('a'));
    listener.say(said('b'));
    const stream = listener.listen();
    listener.say(said('c'));
    for (const text of ['a', 'b', 'c']) expect((await stream.next())?.raw.toString()).toContain(`"${text}"`);
  });

  it('keeps the newest within its bound of messages, and says how many it dropped', async () => {
    const listener = new Listener();
    let dropped = 0;
    for (let i = 0; i < UNHEARD_MAX_MESSAGES + 5; i += 1) dropped += listener.say(said(`number ${i};`));
    expect(dropped).toBe(5);
    expect((await listener.listen().next())?.raw.toString()).toContain('"number 5;"');
  });

  it('keeps the newest within its bound of bytes', async () => {
    const listener = new Listener();
    expect(listener.say(said(`first${HALF}`))).toBe(0);
    expect(listener.say(said(`second${HALF}`))).toBe(1);
    expect((await listener.listen().next())?.raw.toString()).toContain('second');
  });

  it('ends for a client that does not read, and what comes next waits for a new one', async () => {
    const listener = new Listener();
    const deaf = listener.listen();
    expect(listener.say(said(`first${HALF}`))).toBe(0);
    expect(listener.say(said(`second${HALF}`))).toBe(1);
    expect(listener.open).toBe(false);
    listener.say(said('third'));
    expect((await deaf.next())?.raw.toString()).toContain('first');
    expect((await deaf.next())?.raw.toString()).toContain('second');
    expect(await deaf.next()).toBeUndefined();
    expect((await listener.listen().next())?.raw.toString()).toContain('third');
  });

  it('is one: a second one ends the first', async () => {
    const listener = new Listener();
    const first = listener.listen();
    const second = listener.listen();
    expect(await first.next()).toBeUndefined();
    listener.say(said('for the second'));
    expect((await second.next())?.raw.toString()).toContain('for the second');
    // The first's reader closes late: that must not close the second.
    first.close();
    expect(listener.open).toBe(true);
  });

  it('ends while its reader is busy with a message', async () => {
    const listener = new Listener();
    const stream = listener.listen();
    listener.say(said('a'));
    await stream.next();
    listener.end();
    expect(await stream.next()).toBeUndefined();
    expect(listener.open).toBe(false);
  });

  it('counts anew for each stream: what one left unread does not weigh on the next', () => {
    const listener = new Listener();
    listener.listen();
    listener.say(said(HALF));
    listener.listen();
    expect(listener.say(said(HALF))).toBe(0);
    expect(listener.open).toBe(true);
  });
});
