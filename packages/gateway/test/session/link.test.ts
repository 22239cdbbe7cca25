import { describe, expect, it } from 'vitest';
import { EXCHANGES_MAX, LINK_BACKLOG_MAX_BYTES } from '../../src/session/limits.ts';
import { Link } from '../../src/session/link.ts';
import { answer, MemoryChannel, message, progress, request } from './memory-channel.ts';

function linkOver(transport: 'stdio' | 'http' | 'sse' = 'stdio') {
  const channel = new MemoryChannel(transport);
  const unasked: string[] = [];
  const unreadable: string[] = [];
  const closes: { reason: string; resumable: boolean }[] = [];
  const link = new Link(channel, {
    onUnasked: (said) => unasked.push(said.raw.toString()),
    onUnreadable: (problem) => unreadable.push(problem),
    onWithheld: (reason) => unreadable.push(reason),
    onClosed: (close) => closes.push(close),
  });
  return { channel, link, unasked, unreadable, closes };
}

describe('what comes back', () => {
  it('is matched by id where the transport does not tell, whatever the order', async () => {
    const { channel, link } = linkOver();
    const ids = ['0', '"0"', '1', '"1"', '-7', '12345678901234567890', '2.5'];
    const exchanges = await Promise.all(ids.map((id) => link.send(request(id))));
    for (const id of [...ids].reverse()) channel.say(answer(id, `to ${id.replaceAll('"', "'")}`));
    for (const [at, id] of ids.entries()) {
      const arrival = await exchanges[at]?.next();
      expect(arrival).toMatchObject({ kind: 'answer', message: { idLexeme: id } });
    }
    expect(link.busy).toBe(0);
  });

  it('is matched by the number 1 also where the server says 1.0', async () => {
    const { channel, link } = linkOver();
    const exchange = await link.send(request('1'));
    channel.say(answer('1.0'));
    expect(await exchange.next()).toMatchObject({ kind: 'answer', message: { idLexeme: '1.0' } });
  });

  it('is matched by progress token, and by the id of the subscription', async () => {
    const { channel, link, unasked } = linkOver();
    const first = await link.send(request('1', { progressKey: 's:p' }));
    const second = await link.send(request('"sub"', { progressKey: 'n:1' }));
    channel.say(progress('1', 'to the second'));
    channel.say(progress('"p"', 'to the first'));
    const news = (id: string) =>
      `{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":${id}}}}`;
    channel.say(news('"sub"'));
    channel.say(news('"other"'));
    expect(JSON.stringify(await first.next())).not.toContain('never');
    expect((await second.next()).kind).toBe('interim');
    expect(await second.next()).toMatchObject({
      kind: 'interim',
      message: { method: 'notifications/tools/list_changed' },
    });
    expect(unasked).toEqual([news('"other"')]);
  });

  it('belongs to its exchange by number over HTTP, and an answer under a foreign number is dropped', async () => {
    const { channel, link, unasked, unreadable } = linkOver('http');
    const first = await link.send(request('1'));
    const second = await link.send(request('2'));
    const log = '{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"x"}}';
    channel.say(log, second.number);
    channel.say(log, 99);
    channel.say(answer('1'), second.number);
    channel.say(answer('2'), second.number);
    expect((await second.next()).kind).toBe('interim');
    expect(await second.next()).toMatchObject({ kind: 'answer', message: { idLexeme: '2' } });
    expect(unasked).toEqual([log]);
    expect(unreadable).toEqual(['an answer to no request under way']);
    channel.say(answer('1'), first.number);
    expect((await first.next()).kind).toBe('answer');
  });

  it('takes an error without an id for the answer of its exchange over HTTP only', async () => {
    const error = '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}';
    const http = linkOver('http');
    const exchange = await http.link.send(request('1'));
    http.channel.say(error, exchange.number);
    expect((await exchange.next()).kind).toBe('answer');
    const stdio = linkOver('stdio');
    await stdio.link.send(request('1'));
    stdio.channel.say(error);
    expect(stdio.unreadable).toHaveLength(1);
    expect(stdio.link.busy).toBe(1);
  });

  it('is dropped where it is late, a second one, or no message at all', async () => {
    const { channel, link, unreadable } = linkOver();
    const exchange = await link.send(request('1'));
    channel.say(answer('1', 'first'));
    channel.say(answer('1', 'second'));
    channel.say(answer('2', 'never asked'));
    channel.say('not json');
    channel.say('{"jsonrpc":"2.0","id":1,"id":2,"result":{}}');
    expect(await exchange.next()).toMatchObject({ kind: 'answer' });
    expect(unreadable).toHaveLength(4);
  });

  it('may ask something: who asked waits until the answer, or a refusal, is sent', async () => {
    const { channel, link, unasked } = linkOver();
    const ask = '{"jsonrpc":"2.0","id":"a","method":"roots/list"}';
    channel.say(ask);
    expect([link.awaits('s:a'), link.awaits('n:1')]).toEqual([true, false]);
    expect(unasked).toEqual([ask]);
    link.answered('s:a');
    expect(link.awaits('s:a')).toBe(false);
    // The two directions have separate ids: a request of the client under the same id is another.
    const exchange = await link.send(request('"a"'));
    channel.say(answer('"a"'));
    expect((await exchange.next()).kind).toBe('answer');
  });
});

describe('what is sent', () => {
  it('is refused under an id or token that is under way, and taken when it is over', async () => {
    const { channel, link } = linkOver();
    await link.send(request('1', { progressKey: 's:p' }));
    await expect(link.send(request('1'))).rejects.toMatchObject({ code: 'duplicate_id' });
    await expect(link.send(request('2', { progressKey: 's:p' }))).rejects.toMatchObject({
      code: 'duplicate_id',
    });
    expect(link.admits('s:1', 'n:1')).toBe(true);
    channel.say(answer('1'));
    await link.send(request('1', { progressKey: 's:p' }));
    expect(channel.messages).toHaveLength(2);
  });

  it('is bounded in number, and what expects no answer does not count', async () => {
    const { link } = linkOver();
    for (let i = 0; i < EXCHANGES_MAX; i += 1) await link.send(request(String(i)));
    await expect(link.send(request('"more"'))).rejects.toMatchObject({ code: 'too_many_exchanges' });
    expect(link.busy).toBe(EXCHANGES_MAX);
  });

  it('waits while the channel has no room, and leaves in order when it drains', async () => {
    const { channel, link } = linkOver();
    channel.roomLeft = false;
    await link.send(request('1'));
    const waiting = [link.send(request('2')), link.send(request('3'))];
    await new Promise((resolve) => setImmediate(resolve));
    expect(channel.messages).toHaveLength(1);
    channel.drain();
    await Promise.all(waiting);
    expect(channel.messages.map((text) => JSON.parse(text).id)).toEqual([1, 2, 3]);
  });

  it('is refused as not sent where the channel closed while it waited', async () => {
    const { channel, link } = linkOver();
    channel.roomLeft = false;
    await link.send(request('1'));
    const waiting = expect(link.send(request('2'))).rejects.toMatchObject({ code: 'ended' });
    channel.close('gone', true);
    await waiting;
    expect(channel.messages).toHaveLength(1);
  });
});

describe('back-pressure', () => {
  it('pauses the channel at the bound of what waits, and resumes it below half', async () => {
    const { channel, link } = linkOver();
    const exchange = await link.send(request('1', { progressKey: 's:p' }));
    const part = progress('"p"', 'x'.repeat(LINK_BACKLOG_MAX_BYTES / 8));
    let said = 0;
    while (!channel.paused) {
      channel.say(part);
      said += 1;
    }
    expect((said - 1) * part.length).toBeLessThanOrEqual(LINK_BACKLOG_MAX_BYTES);
    expect(said * part.length).toBeGreaterThan(LINK_BACKLOG_MAX_BYTES);
    let read = 0;
    while (channel.paused) {
      await exchange.next();
      read += 1;
    }
    expect((said - read) * part.length).toBeLessThanOrEqual(LINK_BACKLOG_MAX_BYTES / 2);
    expect((said - read + 1) * part.length).toBeGreaterThan(LINK_BACKLOG_MAX_BYTES / 2);
  });

  it('counts all exchanges of a channel together', async () => {
    const { channel, link } = linkOver();
    for (const id of ['1', '2', '3', '4', '5']) {
      await link.send(request(id, { progressKey: `n:${id}` }));
      channel.say(progress(id, 'x'.repeat(LINK_BACKLOG_MAX_BYTES / 4)));
    }
    expect(channel.paused).toBe(true);
  });
});

describe('an exchange is given up', () => {
  it('by its client: the agent is told, the reader learns it, a late answer goes nowhere', async () => {
    const { channel, link, unreadable } = linkOver();
    const exchange = await link.send(request('1', { progressKey: 's:p' }));
    expect(link.find('n:1')).toBe(exchange);
    link.cancel(exchange);
    link.cancel(exchange);
    expect(channel.sent.filter((frame) => frame.cancelExchange)).toEqual([
      { cancelExchange: { exchange: exchange.number } },
    ]);
    expect(await exchange.next()).toMatchObject({
      kind: 'end',
      end: { delivery: 'unknown', error: 'cancelled' },
    });
    channel.say(answer('1'));
    expect(unreadable).toHaveLength(1);
    expect(link.admits('n:1', 's:p')).toBe(true);
  });

  it('by time: only what is past its limit', async () => {
    const { channel, link } = linkOver();
    const soon = await link.send(request('1', { deadlineMs: 1000 }));
    const late = await link.send(request('2', { deadlineMs: 1001 }));
    const endless = await link.send(request('3'));
    expect(link.expire(999)).toEqual([]);
    expect(link.expire(1000)).toEqual([soon]);
    expect(await soon.next()).toMatchObject({ kind: 'end', end: { delivery: 'unknown', error: 'timeout' } });
    expect(channel.sent.at(-1)).toEqual({ cancelExchange: { exchange: soon.number } });
    expect([late.over, endless.over]).toEqual([false, false]);
  });

  it('by the agent: with what it says of the delivery, and the body of an HTTP error', async () => {
    const { channel, link } = linkOver('http');
    const unsent = await link.send(request('1'));
    const sent = await link.send(request('2'));
    channel.exchangeEnded(unsent.number, { delivery: 'DELIVERY_NOT_SENT', error: 'connect' });
    channel.exchangeEnded(sent.number, { delivery: 'DELIVERY_SENT', error: '', errorBody: '{}' });
    channel.exchangeEnded(77, { delivery: 'DELIVERY_SENT', error: '' });
    expect(await unsent.next()).toMatchObject({
      end: { delivery: 'not_sent', error: 'connect', errorBody: undefined },
    });
    expect(await sent.next()).toMatchObject({ end: { delivery: 'unknown', error: 'no_answer' } });
    expect(link.busy).toBe(0);
  });

  it('by the end of the channel: lost where it may be taken up again, ended where not', async () => {
    for (const [resumable, error] of [
      [true, 'channel_lost'],
      [false, 'session_ended'],
    ] as const) {
      const { channel, link, closes } = linkOver();
      const exchange = await link.send(request('1'));
      channel.close('why', resumable);
      channel.close('again', !resumable);
      expect(await exchange.next()).toMatchObject({ kind: 'end', end: { delivery: 'unknown', error } });
      expect(closes).toEqual([{ reason: 'why', resumable }]);
      await expect(link.send(request('2'))).rejects.toMatchObject({ code: 'ended' });
    }
  });

  it('by the end of the server: never to be taken up again', async () => {
    const { channel, link, closes } = linkOver();
    const exchange = await link.send(request('1'));
    channel.sessionEnded('crashed', 'with 7');
    expect(await exchange.next()).toMatchObject({
      end: { error: 'session_ended', detail: 'crashed: with 7' },
    });
    expect(closes).toEqual([{ reason: 'crashed: with 7', resumable: false }]);
  });
});

describe("the stream of a server's own", () => {
  it('is an exchange without an id, to which no unasked request is put down', async () => {
    const { channel, link } = linkOver('http');
    const stream = link.listen('event-7');
    if (stream === undefined) throw new Error('it was not open before');
    expect(channel.sent).toEqual([{ openListen: { exchange: stream.number, lastEventId: 'event-7' } }]);
    expect([link.latest(), link.busy]).toEqual([undefined, 0]);
    const call = await link.send(request('1'));
    expect(link.latest()).toBe(call);
    const news = '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}';
    channel.say(news, stream.number);
    expect(await stream.next()).toMatchObject({ kind: 'interim', message: message(news) });
    expect(link.busy).toBe(1);
  });

  it('is one at a time, and may be opened again when it has ended', async () => {
    const { channel, link } = linkOver('http');
    const stream = link.listen('');
    expect(link.listen('')).toBeUndefined();
    channel.exchangeEnded(stream?.number ?? 0, { delivery: 'DELIVERY_SENT', error: 'stream_broken' });
    expect(await stream?.next()).toMatchObject({ kind: 'end' });
    expect(link.listen('')).toBeDefined();
    expect(channel.sent).toHaveLength(2);
  });
});
