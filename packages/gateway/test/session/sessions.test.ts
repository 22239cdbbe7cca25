import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SEEN_WRITE_MS, SESSIONS_PER_PRINCIPAL_MAX } from '../../src/session/limits.ts';
import { Sessions } from '../../src/session/sessions.ts';
import { SessionStore } from '../../src/session/store.ts';
import type { Era, SessionIdentity } from '../../src/session/types.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { quietLogger, testDatabase } from '../store/postgres.ts';
import { MemoryChannel, request } from './memory-channel.ts';

const IDLE_MS = 60_000;
const ABSOLUTE_MS = 10 * IDLE_MS;
const OWNER = { kind: 'service-account', name: 'engineer' } as const;

let database: Awaited<ReturnType<typeof testDatabase>>;
let store: Store;
beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ databaseUrl: database.url, logger: quietLogger });
});
afterAll(async () => {
  await store?.close();
  await database?.drop();
});

/** All sessions of one replica, on a clock that the test moves. */
function replica(clock = { at: 1_700_000_000_000 }) {
  const channels: MemoryChannel[] = [];
  const ended: [string, string][] = [];
  const endedAtAgent: [string, string, string][] = [];
  const sessions = new Sessions({
    store: new SessionStore(store.pool),
    openChannel: async () => {
      const channel = new MemoryChannel();
      channels.push(channel);
      return channel;
    },
    endAtAgent: (...what) => endedAtAgent.push(what),
    clock: { now: () => clock.at, monotonicMs: () => clock.at },
    onEnded: (identity, reason) => ended.push([identity.id, reason]),
    onDropped: () => undefined,
    onWithheld: () => undefined,
  });
  const begin = async (era: Era = 'legacy', rest: Partial<SessionIdentity> = {}) => {
    const session = sessions.create({
      era,
      principalKind: OWNER.kind,
      principal: OWNER.name,
      tokenId: 'tok_1',
      server: 'ledger',
      agent: 'branch',
      agentServer: 'ledger',
      client: 'test 1',
      idleMs: IDLE_MS,
      absoluteMs: ABSOLUTE_MS,
      ...rest,
    });
    await sessions.begin(session);
    return session;
  };
  return { sessions, channels, ended, endedAtAgent, clock, begin };
}

async function rowOf(id: string) {
  return new SessionStore(store.pool).load(id);
}

async function untilEnded(id: string): Promise<string | undefined> {
  for (let i = 0; i < 100; i += 1) {
    const row = await rowOf(id);
    if (row?.endedAt !== undefined) return row.endReason;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return undefined;
}

beforeEach(() => store.pool.query('DELETE FROM sessions'));

describe('a session is found', () => {
  it('by its principal, at its server, and by nobody else: one answer for all that is wrong', async () => {
    const { sessions, begin } = replica();
    const { identity } = await begin();
    expect((await sessions.attach(identity.id, OWNER, 'ledger')).identity).toBe(identity);
    const answers: unknown[] = [];
    for (const [id, owner, server] of [
      [identity.id, { kind: 'service-account', name: 'neighbour' }, 'ledger'],
      [identity.id, { kind: 'user', name: 'engineer' }, 'ledger'],
      [identity.id, OWNER, 'vault'],
      ['ses_00000000000000000000', OWNER, 'ledger'],
      ['', OWNER, 'ledger'],
      ["'; DROP TABLE sessions; --", OWNER, 'ledger'],
    ] as const) {
      const refusal = await sessions.attach(id, owner, server).catch((thrown: unknown) => thrown);
      expect(refusal).toMatchObject({ code: 'unknown_session' });
      answers.push(String(refusal));
    }
    expect(new Set(answers).size).toBe(1);
  });

  it('after a restart, with the revision it spoke, unless it is a modern one', async () => {
    const before = replica();
    const legacy = await before.begin();
    await before.sessions.negotiated(legacy, '2025-06-18');
    const modern = await before.begin('modern');
    before.sessions.close();
    const after = replica(before.clock);
    const found = await after.sessions.attach(legacy.identity.id, OWNER, 'ledger');
    expect([found.identity, found.protocolVersion, found.begun]).toEqual([
      legacy.identity,
      '2025-06-18',
      true,
    ]);
    // Two requests at once find the same.
    const other = replica(before.clock);
    const [one, two] = await Promise.all([
      other.sessions.attach(legacy.identity.id, OWNER, 'ledger'),
      other.sessions.attach(legacy.identity.id, OWNER, 'ledger'),
    ]);
    expect(one).toBe(two);
    expect(other.sessions.count).toBe(1);
    await expect(after.sessions.attach(modern.identity.id, OWNER, 'ledger')).rejects.toMatchObject({
      code: 'unknown_session',
    });
  });

  it('not after its end, not even after a restart', async () => {
    const before = replica();
    const { identity } = await before.begin();
    expect(await before.sessions.end(identity.id, 'client')).toBe(true);
    expect(await untilEnded(identity.id)).toBe('client');
    for (const { sessions } of [before, replica(before.clock)]) {
      await expect(sessions.attach(identity.id, OWNER, 'ledger')).rejects.toMatchObject({
        code: 'unknown_session',
      });
      expect(await sessions.end(identity.id, 'again')).toBe(false);
    }
    expect(before.ended).toEqual([[identity.id, 'client']]);
  });
});

describe('the idle limit', () => {
  it('ends a session that nobody used for so long, at the agent and in the table, once', async () => {
    const { sessions, begin, clock, ended, endedAtAgent } = replica();
    const { identity } = await begin();
    clock.at += IDLE_MS - 1;
    sessions.sweep();
    expect(sessions.count).toBe(1);
    clock.at += 1;
    // Also before the sweep comes by.
    await expect(sessions.attach(identity.id, OWNER, 'ledger')).rejects.toMatchObject({
      code: 'unknown_session',
    });
    sessions.sweep();
    sessions.sweep();
    expect(sessions.count).toBe(0);
    expect(endedAtAgent).toEqual([['branch', identity.id, 'idle']]);
    expect(await untilEnded(identity.id)).toBe('idle');
    expect(ended).toEqual([[identity.id, 'idle']]);
  });

  it('counts from the last use', async () => {
    const { sessions, begin, clock } = replica();
    const { identity } = await begin();
    for (let i = 0; i < 5; i += 1) {
      clock.at += IDLE_MS - 1;
      await sessions.attach(identity.id, OWNER, 'ledger');
      sessions.sweep();
    }
    expect(sessions.count).toBe(1);
  });

  it('does not end a session with a call under way; the absolute limit does', async () => {
    const { sessions, begin, clock, channels } = replica();
    const session = await begin();
    const { exchange } = await session.send(request('1'));
    clock.at += IDLE_MS;
    sessions.sweep();
    expect(session.ended).toBeUndefined();
    clock.at = session.identity.expiresAt - 1;
    sessions.sweep();
    expect(session.ended).toBeUndefined();
    clock.at += 1;
    sessions.sweep();
    expect([session.ended, channels[0]?.ended]).toEqual(['expired', 'expired']);
    expect(await exchange.next()).toMatchObject({ kind: 'end' });
  });

  it('holds over a restart: the time before it counts', async () => {
    const before = replica();
    const { identity } = await before.begin();
    before.clock.at += SEEN_WRITE_MS;
    await before.sessions.attach(identity.id, OWNER, 'ledger');
    for (let i = 0; (await rowOf(identity.id))?.lastSeenAt !== before.clock.at; i += 1) {
      if (i === 200) throw new Error('last_seen_at was not written');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    before.sessions.close();
    before.clock.at += IDLE_MS - 1;
    const after = replica(before.clock);
    await after.sessions.attach(identity.id, OWNER, 'ledger');
    after.sessions.close();
    before.clock.at += IDLE_MS;
    const later = replica(before.clock);
    await expect(later.sessions.attach(identity.id, OWNER, 'ledger')).rejects.toMatchObject({
      code: 'unknown_session',
    });
  });

  it('ends calls that have passed their own limit, and leaves the session', async () => {
    const { sessions, begin, clock } = replica();
    const session = await begin();
    const { exchange } = await session.send(request('1', { deadlineMs: clock.at + 1000 }));
    clock.at += 1000;
    sessions.sweep();
    expect(await exchange.next()).toMatchObject({ end: { error: 'timeout' } });
    expect([session.ended, session.busy]).toEqual([undefined, 0]);
  });
});

describe('a principal', () => {
  it('has so many sessions and no more, and another principal is not kept from its own', async () => {
    const { sessions, begin } = replica();
    const { server, agent, agentServer, ...rest } = (await begin()).identity;
    const again = () => sessions.create({ ...rest, server, agent, agentServer, absoluteMs: ABSOLUTE_MS });
    for (let i = 1; i < SESSIONS_PER_PRINCIPAL_MAX; i += 1) again();
    expect(again).toThrow(expect.objectContaining({ code: 'too_many_sessions' }));
    await begin('legacy', { principal: 'neighbour' });
    sessions.endWhere((identity) => identity.principal === OWNER.name, 'revoked');
    expect(sessions.count).toBe(1);
    again();
  });

  it('loses all sessions of a token that is revoked, and no others', async () => {
    const { sessions, begin } = replica();
    await begin('legacy', { tokenId: 'tok_1' });
    await begin('modern', { tokenId: 'tok_1' });
    const other = await begin('legacy', { tokenId: 'tok_2' });
    sessions.endWhere((identity) => identity.tokenId === 'tok_1', 'revoked');
    expect([sessions.count, sessions.live(other.identity.id)]).toEqual([1, other]);
  });
});

describe('a modern session', () => {
  it('is found by its key until it is idle', async () => {
    const { sessions, begin, clock } = replica();
    const session = await begin('modern');
    sessions.rememberModern('key', session);
    clock.at += IDLE_MS - 1;
    expect(sessions.modern('key')).toBe(session);
    expect(sessions.modern('other')).toBeUndefined();
    clock.at += IDLE_MS;
    expect(sessions.modern('key')).toBeUndefined();
    sessions.sweep();
    expect(sessions.count).toBe(0);
  });
});

describe('an agent', () => {
  it('that attaches again is told which of its sessions to end, and those it no longer has are ended', async () => {
    const { sessions, begin } = replica();
    const kept = await begin();
    const died = await begin();
    const elsewhere = await begin('legacy', { agent: 'other' });
    await kept.send(request('1'));
    await died.send(request('1'));
    expect(await sessions.reconcile('branch', [kept.identity.id, 'ses_unknown'])).toEqual(['ses_unknown']);
    expect([kept.ended, died.ended, elsewhere.ended]).toEqual([undefined, 'lost', undefined]);
    expect(await untilEnded(died.identity.id)).toBe('lost');
  });

  it('whose process is another one has lost all its sessions, those of before a restart too', async () => {
    const before = replica();
    const stored = await before.begin();
    before.sessions.close();
    const { sessions, begin, ended } = replica(before.clock);
    const live = await begin();
    const modern = await begin('modern');
    const elsewhere = await begin('legacy', { agent: 'other' });
    await sessions.lost('branch', 'all', 'agent restarted');
    expect(await untilEnded(stored.identity.id)).toBe('agent restarted');
    expect(await untilEnded(live.identity.id)).toBe('agent restarted');
    expect([modern.ended, elsewhere.ended]).toEqual([undefined, undefined]);
    expect(ended.map(([id]) => id).sort()).toEqual([stored.identity.id, live.identity.id].sort());
  });
});

describe('a session that never began', () => {
  it('is not recorded as ended, and is not in the table', async () => {
    const { sessions, ended, endedAtAgent, begin } = replica();
    const { server, agent, agentServer, ...rest } = (await begin()).identity;
    const session = sessions.create({ ...rest, server, agent, agentServer, absoluteMs: ABSOLUTE_MS });
    session.end('not begun');
    expect(await rowOf(session.identity.id)).toBeUndefined();
    expect([ended, endedAtAgent.length]).toEqual([[], 1]);
  });
});
