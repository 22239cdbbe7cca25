import { describe, expect, it } from 'vitest';
import { MODERN_LINKS_MAX } from '../../src/session/limits.ts';
import { negotiatedVersion, Session } from '../../src/session/session.ts';
import type { Era, OpenChannel, SessionIdentity } from '../../src/session/types.ts';
import { answer, MemoryChannel, message, progress, request } from './memory-channel.ts';

function identityOf(era: Era): SessionIdentity {
  return {
    id: 'ses_1',
    era,
    principalKind: 'service-account',
    principal: 'engineer',
    tokenId: 'tok_1',
    server: 'ledger',
    agent: 'branch',
    agentServer: 'ledger-at-branch',
    client: 'test 1',
    createdAt: 1,
    expiresAt: 1000,
    idleMs: 100,
  };
}

/** A session whose channels the test opens: each open resolves with the next of `channels`, or fails with `failure`. */
function sessionOf(era: Era, options: { begun?: boolean } = {}) {
  const opened: Parameters<OpenChannel>[0][] = [];
  const channels: MemoryChannel[] = [];
  const ends: string[] = [];
  const dropped: string[] = [];
  const state: { failure: (Error & { code?: string }) | undefined; open: (() => void) | undefined } = {
    failure: undefined,
    open: undefined,
  };
  const session = new Session(identityOf(era), {
    openChannel: async (asked) => {
      opened.push(asked);
      await new Promise<void>((resolve) => {
        if (state.open === undefined) resolve();
        else state.open = resolve;
      });
      if (state.failure !== undefined) throw state.failure;
      const channel = new MemoryChannel();
      channels.push(channel);
      return channel;
    },
    begun: options.begun ?? false,
    protocolVersion: undefined,
    events: {
      onEnded: (_, reason) => ends.push(reason),
      onDropped: (_, why) => dropped.push(why),
      onWithheld: () => undefined,
      onToolsChanged: () => undefined,
    },
  });
  const channel = (at = 0): MemoryChannel => {
    const found = channels[at];
    if (found === undefined) throw new Error(`no channel ${at}`);
    return found;
  };
  return { session, opened, channel, channels, ends, dropped, state };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a legacy session', () => {
  it('has one channel, opened once by whatever comes first, however much comes at once', async () => {
    const { session, opened, channel } = sessionOf('legacy');
    await Promise.all([session.send(request('1')), session.send(request('2')), session.send(request('3'))]);
    expect(opened).toEqual([
      {
        agent: 'branch',
        sessionId: 'ses_1',
        server: 'ledger-at-branch',
        era: 'legacy',
        resume: false,
        timeoutMs: expect.any(Number),
      },
    ]);
    expect(channel().messages.map((text) => JSON.parse(text).id)).toEqual([1, 2, 3]);
    expect(session.busy).toBe(3);
  });

  it('refuses an id that is under way rather than start another server', async () => {
    const { session, opened } = sessionOf('legacy');
    await session.send(request('1'));
    await expect(session.send(request('1'))).rejects.toMatchObject({ code: 'duplicate_id' });
    expect(opened).toHaveLength(1);
  });

  it('takes its server up again after a lost channel, and ends with its server', async () => {
    const { session, opened, channel, ends } = sessionOf('legacy');
    const { exchange } = await session.send(request('1'));
    channel(0).close('connection lost', true);
    expect(await exchange.next()).toMatchObject({ end: { error: 'channel_lost', delivery: 'unknown' } });
    expect([session.ended, session.busy]).toEqual([undefined, 0]);
    await session.send(request('1'));
    expect(opened.map((each) => [each.sessionId, each.resume])).toEqual([
      ['ses_1', false],
      ['ses_1', true],
    ]);
    channel(1).close('crashed', false);
    expect([session.ended, ends]).toEqual(['crashed', ['crashed']]);
    await expect(session.send(request('2'))).rejects.toMatchObject({ code: 'ended' });
    expect(opened).toHaveLength(2);
  });

  it('that was taken up from the table only ever resumes', async () => {
    const { session, opened } = sessionOf('legacy', { begun: true });
    await session.link();
    expect(opened[0]?.resume).toBe(true);
  });

  it('ends as unknown where the agent no longer has its server', async () => {
    const { session, ends, state } = sessionOf('legacy', { begun: true });
    state.failure = Object.assign(new Error('gone'), { code: 'session_gone' });
    await expect(session.send(request('1'))).rejects.toMatchObject({ code: 'unknown_session' });
    expect(ends).toEqual(['lost']);
  });

  it('lives on where the agent is away or the server does not start, and says which', async () => {
    for (const [code, expected] of [
      ['agent_away', 'agent_away'],
      ['draining', 'agent_away'],
      ['server_unavailable', 'server_unavailable'],
      ['anything', 'server_unavailable'],
    ] as const) {
      const { session, state, ends } = sessionOf('legacy');
      state.failure = Object.assign(new Error('inner words'), { code });
      const refusal = await session.send(request('1')).catch((thrown: unknown) => thrown);
      expect(refusal).toMatchObject({ code: expected, detail: 'inner words' });
      expect(String(refusal)).not.toContain('inner words');
      expect([ends, session.begun]).toEqual([[], false]);
      state.failure = undefined;
      await session.send(request('1'));
    }
  });

  it('that is ended while its channel is being opened leaves no channel behind', async () => {
    const { session, channel, ends, state } = sessionOf('legacy');
    state.open = () => undefined;
    const sending = expect(session.send(request('1'))).rejects.toMatchObject({ code: 'ended' });
    await settled();
    session.end('revoked');
    session.end('again');
    state.open?.();
    await sending;
    expect([channel().ended, channel().messages, ends]).toEqual(['revoked', [], ['revoked']]);
  });

  it('ends its channel and its stream', async () => {
    const { session, channel } = sessionOf('legacy');
    const { exchange } = await session.send(request('1'));
    const stream = session.listener.listen();
    session.end('client');
    expect(channel().ended).toBe('client');
    expect(await exchange.next()).toMatchObject({ kind: 'end', end: { error: 'session_ended' } });
    expect(await stream.next()).toBeUndefined();
  });
});

describe('a modern session', () => {
  it('starts another server only for an id or token that is under way, within its bound', async () => {
    const { session, opened, channel } = sessionOf('modern');
    await session.send(request('1'));
    await session.send(request('2'));
    expect(opened).toHaveLength(1);
    for (let at = 1; at < MODERN_LINKS_MAX; at += 1) await session.send(request('1'));
    expect(opened.map((each) => each.sessionId)).toEqual([
      'ses_1',
      ...Array.from({ length: MODERN_LINKS_MAX - 1 }, (_, at) => `ses_1.${at + 2}`),
    ]);
    expect(new Set(opened.map((each) => each.resume))).toEqual(new Set([false]));
    await expect(session.send(request('1'))).rejects.toMatchObject({ code: 'duplicate_id' });
    channel(3).say(answer('1'));
    await session.send(request('1'));
    expect(channel(3).messages).toHaveLength(2);
  });

  it('takes requests with one id that come at once, also while its first server is being started', async () => {
    const { session, channels } = sessionOf('modern');
    await Promise.all([session.send(request('1')), session.send(request('1')), session.send(request('1'))]);
    expect(channels.map((each) => each.messages.length)).toEqual([1, 1, 1]);
  });

  it('outlives its servers', async () => {
    const { session, channel, opened, ends } = sessionOf('modern');
    const { exchange } = await session.send(request('1'));
    channel().close('crashed', false);
    expect(await exchange.next()).toMatchObject({ kind: 'end' });
    expect(ends).toEqual([]);
    await session.send(request('1'));
    expect(opened.map((each) => each.sessionId)).toEqual(['ses_1', 'ses_1.2']);
  });

  it('tells which of two requests with one id is meant: the one that was begun first', async () => {
    const { session } = sessionOf('modern');
    const first = await session.send(request('1'));
    await session.send(request('1'));
    expect(session.find('n:1')).toEqual(first);
    expect(session.find('s:1')).toBeUndefined();
  });
});

describe('what a server says unasked', () => {
  const log = '{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"x"}}';
  const news = '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}';
  const ask = '{"jsonrpc":"2.0","id":"a","method":"sampling/createMessage","params":{}}';

  it('goes with the call that is under way where it is a request or a log line, else to the stream', async () => {
    const { session, channel } = sessionOf('legacy');
    const { exchange } = await session.send(request('1'));
    for (const text of [log, news, ask, progress('"of nobody"')]) channel().say(text);
    expect(await exchange.next()).toMatchObject({ message: { method: 'notifications/message' } });
    expect(await exchange.next()).toMatchObject({ message: { method: 'sampling/createMessage' } });
    expect(session.asker('s:a')).toBeDefined();
    expect(() => session.asker('s:b')).toThrow(expect.objectContaining({ code: 'no_such_request' }));
    channel().say(answer('1'));
    expect(await exchange.next()).toMatchObject({ kind: 'answer' });
    channel().say(log);
    const stream = session.listener.listen();
    for (const text of [news, progress('"of nobody"'), log])
      expect(await stream.next()).toMatchObject(message(text));
  });

  it('is dropped in a modern session where no request is under way, and said to be', async () => {
    const { session, channel, dropped } = sessionOf('modern');
    const { exchange } = await session.send(request('1'));
    channel().say(answer('1'));
    await exchange.next();
    channel().say(news);
    expect(dropped).toEqual([expect.stringContaining('notifications/tools/list_changed')]);
    channel().say('what is this?');
    expect(dropped).toHaveLength(2);
  });
});

describe('the revision a server chose', () => {
  it('is read from its answer', () => {
    expect(
      negotiatedVersion(message('{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18"}}')),
    ).toBe('2025-06-18');
    expect(
      negotiatedVersion(message('{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":7}}')),
    ).toBeUndefined();
    expect(
      negotiatedVersion(message('{"jsonrpc":"2.0","id":0,"error":{"code":1,"message":""}}')),
    ).toBeUndefined();
  });
});
