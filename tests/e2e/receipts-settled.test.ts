import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import { expect, test } from 'vitest';
import { Receipts as AgentReceipts } from '../../packages/agent/src/receipts/index.ts';
import { Receipts } from '../../packages/gateway/src/receipt/index.ts';
import {
  afterTest,
  auditOn,
  freshDatabase,
  intent,
  soundLog,
  storeOn,
} from '../../packages/gateway/test/audit/fixture.ts';
import { quietLogger } from '../../packages/gateway/test/store/postgres.ts';

// What an agent has noted, and a log whose calls ended in every way.
async function rooms(settledAfterMs: number) {
  const stateDir = mkdtempSync(join(tmpdir(), 'sallyport-settled-'));
  const url = await freshDatabase();
  const store = await storeOn(url);
  const audit = await auditOn(store);
  const agent = new AgentReceipts({ stateDir, agent: 'vault', clock: systemClock, log: quietLogger });
  let away = false;
  const receipts = new Receipts({
    store,
    slot: 0,
    clock: systemClock,
    logger: quietLogger,
    ask: async (_, { chain, after }) => {
      if (away) return undefined;
      const { head, lines, chain: own } = agent.page(chain, after);
      return { chain: own, size: head.n, head: head.hash, lines, problem: '' };
    },
    record: ({ agent: name, ...entry }) => audit.record({ ...entry, agent: name }),
    logSize: () => audit.size(),
    settledAfterMs,
  });
  afterTest(async () => {
    agent.close();
    rmSync(stateDir, { recursive: true });
  });
  return {
    agent,
    receipts,
    leave: (gone: boolean) => {
      away = gone;
    },
    entries: async (kind: string) =>
      (await soundLog(url)).filter((row) => row.kind === kind).map(({ leaf }) => leaf),
    async call(name: string, ends: 'answered' | 'unknown', began: boolean) {
      await audit.record({ ...intent(`cal_${name}`), agent: 'vault' });
      if (began) await agent.begin({ call: `cal_${name}`, server: 'everything', session: 'ses_1' });
      await audit.record({
        kind: 'call.outcome',
        call: `cal_${name}`,
        agent: 'vault',
        server: 'everything',
        session: 'ses_1',
        outcome: { transport: ends },
      });
    },
  };
}

test('calls that ended as unknown are settled once, by whether the agent has a receipt', async () => {
  const { receipts, call, entries, leave } = await rooms(0);
  await receipts.reconcile('vault');
  await call('fine', 'answered', true);
  await call('ran', 'unknown', true);
  await call('lost', 'unknown', false);
  leave(true);
  expect(await receipts.reconcile('vault')).toMatchObject({ state: 'away' });
  expect(await entries('call.reconciled')).toEqual([]);
  leave(false);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await receipts.reconcile('vault')).toMatchObject({
    state: 'done',
    size: 2,
    unmatched: 0,
    withReceipt: 1,
    withoutReceipt: 1,
  });
  expect(await entries('call.reconciled')).toMatchObject([
    { call: 'cal_ran', agent: 'vault', server: 'everything', fields: { receipt: true } },
    { call: 'cal_lost', fields: { receipt: false } },
  ]);
  expect(await receipts.reconcile('vault')).toMatchObject({ withReceipt: 0, withoutReceipt: 0 });
});

test('nothing is said of a call before what was on its way must have arrived', async () => {
  const { receipts, call, entries } = await rooms(60_000);
  await receipts.reconcile('vault');
  await call('fresh', 'unknown', false);
  expect(await receipts.reconcile('vault')).toMatchObject({ state: 'done', withoutReceipt: 0 });
  expect(await entries('call.reconciled')).toEqual([]);
});

test('nothing is said of calls from before the agent was first heard: it may have kept no receipts then', async () => {
  const { receipts, call, entries } = await rooms(0);
  await call('old', 'unknown', false);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await receipts.reconcile('vault');
  await receipts.reconcile('vault');
  expect(await entries('call.reconciled')).toEqual([]);
});
