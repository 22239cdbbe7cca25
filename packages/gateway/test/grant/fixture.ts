import { systemClock } from '@sallyport/shared/clock';
import { afterEach } from 'vitest';
import { numberLexeme } from '../../src/call/index.ts';
import { type GrantsOptions, OpenGrants } from '../../src/grant/grants.ts';
import type { GrantEntry } from '../../src/grant/index.ts';
import type { GrantChange, GrantTerms } from '../../src/grant/types.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { quietLogger as logger, testDatabase } from '../store/postgres.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

export const engineer = { kind: 'service-account', name: 'engineer' } as const;
export const terms: GrantTerms = {
  principal: engineer,
  server: 'ledger',
  tools: ['transfer'],
  argumentLimits: [{ argument: 'amount_minor', max: '500000' }],
  reason: 'Correct a booking of yesterday',
  ticket: 'CHG-1',
  durationSeconds: 3600,
};

/** A grant room on a real database, with a log that can be made to refuse and a clock that can be moved. */
export interface Bench {
  grants: OpenGrants;
  readonly store: Store;
  readonly entries: GrantEntry[];
  readonly changes: GrantChange[];
  readonly withdrawn: string[];
  effect: 'allow' | 'deny' | 'hold';
  logDown: boolean;
  later(ms: number): void;
  /** Another process over the same database. */
  restart(): Promise<OpenGrants>;
  call(more?: { tool?: string; session?: string; arguments?: unknown }): string | undefined;
}

export async function openBench(more: Partial<GrantsOptions> = {}): Promise<Bench> {
  const { url, drop } = await testDatabase();
  closing.push(drop);
  const store = await openStore({ databaseUrl: url, logger });
  closing.push(() => store.close());
  let offsetMs = 0;
  let approvals = 0;
  const open = async (bench: Bench): Promise<OpenGrants> => {
    const grants = new OpenGrants({
      store,
      logger,
      clock: { now: () => systemClock.now() + offsetMs, monotonicMs: systemClock.monotonicMs },
      record: async (entry) => {
        if (bench.logDown) throw new Error('the log is down');
        bench.entries.push(entry);
        return { id: `ent_${bench.entries.length}` };
      },
      numberLexeme,
      bounds: (server) => (server === 'ledger' ? { maxSeconds: 7200 } : undefined),
      decide: (_terms, flows) => ({
        effect: bench.effect === 'hold' && flows.includes('access') ? 'allow' : bench.effect,
        reasons: ['permitted'],
        flows: ['access'],
      }),
      askApproval: async () => {
        approvals += 1;
        return `apr_${approvals}`;
      },
      withdrawApproval: async (id) => void bench.withdrawn.push(id),
      ...more,
    });
    grants.onChanged((change) => bench.changes.push(change));
    await grants.reload();
    return grants;
  };
  const bench: Bench = {
    // Cast: it is opened just below, with the bench it reads from.
    grants: undefined as unknown as OpenGrants,
    store,
    entries: [],
    changes: [],
    withdrawn: [],
    effect: 'allow',
    logDown: false,
    later: (ms) => {
      offsetMs += ms;
    },
    restart: () => open(bench),
    call: ({ tool = 'transfer', session = 'ses_1', arguments: args = { amount_minor: 100 } } = {}) =>
      bench.grants.match({
        principal: engineer,
        server: 'ledger',
        on: { tool },
        session,
        arguments: () => args,
      })?.id,
  };
  bench.grants = await open(bench);
  return bench;
}
