import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import { afterEach } from 'vitest';
import { OpenApprovals } from '../../src/approval/approvals.ts';
import type { ApprovalEntry } from '../../src/approval/entries.ts';
import type { FlowRules } from '../../src/approval/flow.ts';
import type { ApprovalsOptions } from '../../src/approval/steps.ts';
import type { Ask, Decider } from '../../src/approval/types.ts';
import { openSealer, openStore, type Store } from '../../src/store/index.ts';
import { quietLogger as logger, temporaryFolder, testDatabase } from '../store/postgres.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

export const rules: FlowRules = {
  stages: [{ approvers: ['treasury'], needed: 1 }],
  order: 'any',
  timeLimitMinutes: 60,
  validMinutes: 10,
  escalation: [],
  delegations: [],
};

export const ask: Ask = {
  kind: 'call',
  digest: 'd'.repeat(64),
  callKey: 'k'.repeat(64),
  requester: { kind: 'service-account', name: 'engineer' },
  server: 'ledger',
  tool: 'transfer',
  method: 'tools/call',
  flows: ['payments'],
  policies: ['large'],
  policyVersion: 'v1',
  subject: { arguments: '{"amount":101}', reasons: ['approval_required'] },
};

export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  engineer: ['treasury'],
  alice: ['treasury'],
  bob: ['treasury'],
  carol: ['risk'],
  dave: ['board'],
  eve: [],
};

export function person(name: string): Decider {
  return {
    kind: 'service-account',
    name,
    groups: GROUPS[name] ?? [],
    proof: { method: 'token', token: `tok_${name}` },
  };
}

/** An approval room on a real database, with a log that can be made to refuse and a clock that can be moved. */
export interface Bench {
  approvals: OpenApprovals;
  readonly store: Store;
  readonly entries: ApprovalEntry[];
  flows: Record<string, FlowRules>;
  logDown: boolean;
  later(ms: number): void;
  now(): number;
  /** Another process over the same database. */
  restart(): Promise<OpenApprovals>;
  /** Before the test's end, where there are many. */
  close(): Promise<void>;
}

export async function openBench(
  more: Partial<FlowRules> = {},
  options: Partial<ApprovalsOptions> = {},
): Promise<Bench> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const each of closing.splice(0).reverse()) await each();
  };
  open.push(close);
  const { url, drop } = await testDatabase();
  closing.push(drop);
  const store = await openStore({ databaseUrl: url, logger });
  closing.push(() => store.close());
  const { path, remove } = await folder();
  closing.push(remove);
  const sealer = await openSealer(join(path, 'key'), { createIfMissing: true });
  let offsetMs = 0;
  const now = (): number => systemClock.now() + offsetMs;
  const begin = async (bench: Bench): Promise<OpenApprovals> => {
    const approvals = new OpenApprovals({
      store,
      logger,
      sealer,
      clock: { now, monotonicMs: systemClock.monotonicMs },
      record: async (entry) => {
        if (bench.logDown) throw new Error('the log is down');
        bench.entries.push(entry);
        return { id: `ent_${bench.entries.length}` };
      },
      rulesOf: (flow) => bench.flows[flow],
      groupsOf: (name) => GROUPS[name] ?? [],
      ...options,
    });
    await approvals.listen();
    return approvals;
  };
  const bench: Bench = {
    // Cast: it is opened just below, with the bench it reads from.
    approvals: undefined as unknown as OpenApprovals,
    store,
    entries: [],
    flows: { payments: { ...rules, ...more } },
    logDown: false,
    later: (ms) => {
      offsetMs += ms;
    },
    now,
    restart: () => begin(bench),
    close,
  };
  bench.approvals = await begin(bench);
  return bench;
}

async function folder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const { rm } = await import('node:fs/promises');
  const path = await temporaryFolder();
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
