import { describe, expect, it } from 'vitest';
import { Inbox } from '../../src/session/inbox.ts';

function inboxOf<T>(sizeOf: (item: T) => number = () => 1): { inbox: Inbox<T>; size: () => number } {
  let size = 0;
  const inbox = new Inbox<T>(sizeOf, (delta) => {
    size += delta;
  });
  return { inbox, size: () => size };
}

describe('an inbox', () => {
  it('gives what came, in its order, before or after it is asked', async () => {
    const { inbox } = inboxOf<number>();
    inbox.push(1);
    inbox.push(2);
    expect([await inbox.next(), await inbox.next()]).toEqual([1, 2]);
    const later = inbox.next();
    inbox.push(3);
    expect(await later).toBe(3);
  });

  it('counts what waits, and only that', async () => {
    const { inbox, size } = inboxOf<string>((text) => text.length);
    const later = inbox.next();
    inbox.push('taken at once');
    expect(size()).toBe(0);
    await later;
    inbox.push('abc');
    inbox.push('de');
    expect(size()).toBe(5);
    await inbox.next();
    expect(size()).toBe(2);
  });

  it('keeps an undefined, which is how a stream is told its end, for a reader that is busy', async () => {
    const { inbox } = inboxOf<string | undefined>();
    inbox.push('last');
    inbox.push(undefined);
    inbox.push('of a later stream');
    expect(await inbox.next()).toBe('last');
    expect(await inbox.next()).toBeUndefined();
    expect(await inbox.next()).toBe('of a later stream');
  });
});
