import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verify } from '../../packages/gateway/test/audit/exported.ts';
import type { Place } from '../../packages/gateway/test/audit/proxy.ts';
import { commandsOf } from '../framework/commands.ts';
import type { RawClient } from '../framework/index.ts';
import { type Corridor, startCorridor, type Told } from './corridor.ts';

// Every durable write of a call and of a change fails twice: once it is durable and nobody hears of it, once it is not.
// Each row says what is told and what is recorded; after each all of invariants.ts holds, and at the end an export verifies.

const folder = mkdtempSync(join(tmpdir(), 'sallyport-corridor-'));
let corridor: Corridor;
beforeAll(async () => {
  corridor = await startCorridor(join(folder, 'runs'));
}, 60_000);
afterAll(async () => {
  await corridor?.stop();
  rmSync(folder, { recursive: true });
});

interface Row {
  readonly write: string;
  readonly place: Place;
  readonly act: (client: RawClient) => Promise<Told>;
  /** What is told, and the entries: where nobody hears that it is durable, and where it is not. */
  readonly persisted: readonly [Told, ...string[]];
  readonly lost: readonly [Told, ...string[]];
}

const entry = (kind: string): Place => ({ text: `"kind":"${kind}"` });
const commitBehind = (statement: string): Place => ({ text: 'COMMIT', behind: statement });

const rows: Row[] = [
  {
    write: 'the entry of a session',
    place: entry('session.start'),
    act: begun,
    persisted: ['503, no session', 'session.start'],
    lost: ['503, no session'],
  },
  {
    write: 'an intent, with its body, its sealed original and the tree',
    place: entry('call.intent'),
    act: (client) => corridor.call(client),
    persisted: ['503 log_unavailable not_sent', 'call.intent', 'call.indeterminate not_sent'],
    lost: ['503 log_unavailable not_sent'],
  },
  {
    write: 'an outcome',
    place: entry('call.outcome'),
    act: (client) => corridor.call(client),
    persisted: ['503 log_unavailable withheld', 'call.intent', 'call.outcome answered'],
    lost: ['503 log_unavailable withheld', 'call.intent', 'call.indeterminate unknown'],
  },
  {
    write: 'a notification before the answer',
    place: entry('call.interim'),
    act: (client) =>
      corridor.call(client, { name: 'notify', args: { count: 1 }, meta: { progressToken: 'p' } }),
    persisted: ['503 log_unavailable withheld', 'call.intent', 'call.interim', 'call.indeterminate unknown'],
    lost: ['503 log_unavailable withheld', 'call.intent', 'call.indeterminate unknown'],
  },
  {
    write: 'a denial',
    place: entry('decision.deny'),
    act: (client) => corridor.call(client, { name: 'big' }),
    persisted: ['503 log_unavailable not_sent', 'decision.deny'],
    lost: ['503 log_unavailable not_sent'],
  },
  {
    write: 'the entry of an approval that is asked for',
    place: entry('approval.requested'),
    act: heldAndApproved,
    persisted: ['503 log_unavailable not_sent', 'approval.requested'],
    lost: ['503 log_unavailable not_sent'],
  },
  {
    write: 'the row of an approval that is asked for',
    place: commitBehind('INSERT INTO approvals'),
    act: heldAndApproved,
    persisted: [
      '200; 200 answered',
      'approval.requested',
      'approval.decided',
      'approval.used',
      'call.intent',
      'call.outcome answered',
    ],
    lost: ['503 database_unavailable not_sent', 'approval.requested', 'approval.unconfirmed', 'call.refused'],
  },
  {
    write: 'the entry of a decision',
    place: entry('approval.decided'),
    act: heldAndApproved,
    persisted: [
      '503 200; 200 answered',
      'approval.requested',
      'approval.decided',
      'approval.decided',
      'approval.used',
      'call.intent',
      'call.outcome answered',
    ],
    lost: [
      '503 200; 200 answered',
      'approval.requested',
      'approval.decided',
      'approval.used',
      'call.intent',
      'call.outcome answered',
    ],
  },
  {
    write: 'the row of a decision',
    place: commitBehind('INSERT INTO approval_decisions'),
    act: heldAndApproved,
    persisted: [
      '200; 200 answered',
      'approval.requested',
      'approval.decided',
      'approval.used',
      'call.intent',
      'call.outcome answered',
    ],
    lost: [
      '503 200; 200 answered',
      'approval.requested',
      'approval.decided',
      'approval.unconfirmed',
      'approval.decided',
      'approval.used',
      'call.intent',
      'call.outcome answered',
    ],
  },
  {
    write: 'the entry that an approval is spent',
    place: entry('approval.used'),
    act: heldAndApproved,
    persisted: [
      '200; 503 log_unavailable not_sent',
      'approval.requested',
      'approval.decided',
      'approval.used',
    ],
    lost: ['200; 503 log_unavailable not_sent', 'approval.requested', 'approval.decided'],
  },
  {
    write: 'the entry of a change',
    place: entry('config.change'),
    act: changed,
    persisted: ['503', 'config.change'],
    lost: ['503'],
  },
  {
    write: 'the row of a change',
    place: commitBehind('UPDATE registry_version'),
    act: changed,
    persisted: ['200', 'config.change'],
    lost: ['503', 'config.change', 'config.failed'],
  },
  {
    write: 'the entry of a grant',
    place: entry('grant.requested'),
    act: asked,
    persisted: ['503', 'grant.requested'],
    lost: ['503'],
  },
  {
    write: 'the row of a grant',
    place: commitBehind('INSERT INTO grants '),
    act: asked,
    persisted: ['201', 'grant.requested', 'approval.requested'],
    lost: ['503', 'grant.requested', 'grant.failed'],
  },
  {
    write: 'a checkpoint',
    place: { text: 'INSERT INTO audit_checkpoints' },
    act: signedOrNot,
    persisted: ['200 or 503'],
    lost: ['200 or 503'],
  },
  {
    write: 'a cosignature',
    place: { text: 'INSERT INTO audit_cosignatures' },
    act: signed,
    persisted: ['200'],
    lost: ['200'],
  },
  {
    write: 'agents’ receipts',
    place: commitBehind('INSERT INTO agent_receipts'),
    act: reconciled,
    persisted: ['200 answered; 503', 'call.intent', 'call.outcome answered'],
    lost: ['200 answered; 503', 'call.intent', 'call.outcome answered'],
  },
];

async function heldAndApproved(client: RawClient): Promise<Told> {
  const { approving, untilReady } = corridor;
  const call = corridor.call(client, { args: { amount: 500 } });
  const waiting = approving.waiting().catch(() => undefined);
  const shown = await Promise.race([waiting, call.then(() => undefined)]);
  if (shown === undefined) return await call;
  const { status } = await approving.decide('alice', 'approve', shown);
  if (status < 300) return `${status}; ${await call}`;
  await untilReady();
  return `${status} ${(await approving.decide('bob', 'approve', shown)).status}; ${await call}`;
}

async function begun(client: RawClient): Promise<Told> {
  client.sessionId = undefined;
  client.version = undefined;
  const { status } = await client.initialize();
  return `${status}, ${client.sessionId === undefined ? 'no session' : 'a session'}`;
}

let changes = 0;
async function changed(): Promise<Told> {
  changes += 1;
  const [name, description] = [`group-${changes}`, `of change ${changes}`];
  const documents = [{ kind: 'Group', name, spec: { description } }];
  const { status } = await corridor.approving.sallyport.api('POST', '/apply', { documents });
  if (status < 300) corridor.seen.changes.set(name, description);
  return String(status);
}

async function asked(): Promise<Told> {
  const { approving } = corridor;
  const terms = { server: 'echo', tools: ['echo'], reason: 'a fault in the night', minutes: 1 };
  return String((await approving.as('mallory', 'POST', '/grants', terms)).status);
}

/** The log signs by itself too, so the write that fails may be that of another checkpoint, and then ours is made. */
async function signedOrNot(): Promise<Told> {
  const told = await signed();
  return told === '200' || told === '503' ? '200 or 503' : told;
}

async function signed(): Promise<Told> {
  return String((await corridor.approving.sallyport.api('POST', '/audit/checkpoints', {})).status);
}

async function reconciled(client: RawClient): Promise<Told> {
  const told = await corridor.call(client);
  const agent = { agent: 'test-agent' };
  const { status } = await corridor.approving.sallyport.api('POST', '/audit/receipts/reconcile', agent);
  return `${told}; ${status}`;
}

for (const cut of ['after_commit', 'before_write'] as const) {
  describe(cut === 'after_commit' ? 'durable, and nobody hears of it' : 'not durable', () => {
    test.each(rows)(
      '$write',
      async ({ place, act, persisted, lost }) => {
        const client = await corridor.client();
        const { told, recorded } = await corridor.during(cut, place, () => act(client));
        expect([told, ...recorded]).toEqual(cut === 'after_commit' ? persisted : lost);
        expect(await corridor.wrong()).toEqual([]);
        // All works again.
        expect(await corridor.call(await corridor.client())).toBe('200 answered');
      },
      30_000,
    );
  });
}

test('and the whole of it verifies offline', async () => {
  const run = commandsOf(corridor.approving.sallyport, folder);
  const made = await run('audit', 'export', '--out', 'export');
  expect(made, made.stderr).toMatchObject({ code: 0 });
  expect(await verify(join(folder, 'export'))).toMatchObject({ code: 0, stderr: '' });
});
