import { systemClock } from '@sallyport/shared/clock';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { OpenProposals, type ProposalEntry } from '../../src/proposal/proposals.ts';
import { openStore } from '../../src/store/index.ts';
import { quietLogger as logger, testDatabase } from '../store/postgres.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const person = (name: string) => ({ kind: 'service-account', name }) as const;
const ask = { kind: 'paint', payload: { colour: 'red' }, reason: 'it has faded in the sun' };

async function open() {
  const { url, drop } = await testDatabase();
  closing.push(drop);
  const store = await openStore({ databaseUrl: url, logger });
  closing.push(() => store.close());
  const bench = {
    entries: [] as ProposalEntry[],
    painted: [] as unknown[],
    fails: false,
    logDown: false,
    laterMs: 0,
  };
  const make = (): OpenProposals => {
    const proposals = new OpenProposals({
      store,
      logger,
      clock: { now: () => systemClock.now() + bench.laterMs, monotonicMs: systemClock.monotonicMs },
      record: async (entry) => {
        if (bench.logDown) throw new Error('the log is down');
        bench.entries.push(entry);
        return { id: `ent_${bench.entries.length}` };
      },
    });
    proposals.register('paint', {
      check: (payload) =>
        JSON.stringify(payload) === '{"colour":"red"}' ? undefined : 'Only red is to be had.',
      execute: async (payload) => {
        if (bench.fails) throw new Error('the brush broke');
        bench.painted.push(payload);
        return 'painted';
      },
    });
    return proposals;
  };
  return { bench, proposals: make(), other: make() };
}

test('one proposes, another confirms exactly that, and then it happens', async () => {
  const { bench, proposals } = await open();
  const proposed = await proposals.propose(ask, person('ann'));
  await expect(
    proposals.confirm(proposed.id, proposed.digest, { ...person('ann'), token: 'tok_other' }),
  ).rejects.toMatchObject({ code: 'own' });
  await expect(proposals.confirm(proposed.id, '0'.repeat(64), person('bob'))).rejects.toMatchObject({
    code: 'conflict',
  });
  expect(bench.painted).toEqual([]);
  const done = await proposals.confirm(proposed.id, proposed.digest, person('bob'));
  expect(done).toMatchObject({ state: 'executed', decidedBy: 'bob', outcome: 'painted' });
  expect(bench.painted).toEqual([{ colour: 'red' }]);
  expect(bench.entries.map(({ kind }) => kind)).toEqual([
    'proposal.proposed',
    'proposal.confirmed',
    'proposal.executed',
  ]);
  await expect(proposals.refuse(proposed.id, 'too late', person('cat'))).rejects.toMatchObject({
    code: 'conflict',
    message: /executed already by bob/,
  });
});

test('what is not plain, not known or without a reason is not proposed; what can not be recorded does not happen', async () => {
  const { bench, proposals } = await open();
  await expect(proposals.propose({ ...ask, kind: 'burn' }, person('ann'))).rejects.toMatchObject({
    message: /There are: paint/,
  });
  await expect(
    proposals.propose({ ...ask, payload: { colour: 'blue' } }, person('ann')),
  ).rejects.toMatchObject({ message: /Only red/ });
  await expect(proposals.propose({ ...ask, reason: 'why not' }, person('ann'))).rejects.toMatchObject({
    code: 'invalid',
  });
  const proposed = await proposals.propose(ask, person('ann'));
  bench.logDown = true;
  await expect(proposals.confirm(proposed.id, proposed.digest, person('bob'))).rejects.toMatchObject({
    code: 'unavailable',
  });
  expect(bench.painted).toEqual([]);
  expect(await proposals.get(proposed.id)).toMatchObject({ state: 'proposed' });
});

test('what fails says so, what runs out is over, and what a crash left confirmed is carried out', async () => {
  const { bench, proposals, other } = await open();
  bench.fails = true;
  const broken = await proposals.propose(ask, person('ann'));
  expect(await proposals.confirm(broken.id, broken.digest, person('bob'))).toMatchObject({
    state: 'failed',
    outcome: 'the brush broke',
  });
  bench.fails = false;
  const late = await proposals.propose(ask, person('ann'));
  bench.laterMs = 3 * 86_400_000 + 1;
  await expect(proposals.confirm(late.id, late.digest, person('bob'))).rejects.toMatchObject({
    code: 'conflict',
    message: /ran out/,
  });
  await proposals.tick();
  expect(await proposals.get(late.id)).toMatchObject({ state: 'expired' });
  const third = await proposals.propose(ask, person('ann'));
  // As a crash between the two leaves it.
  const crash = new Error('crash');
  const record = bench.entries.push.bind(bench.entries);
  bench.entries.push = (...entries) => {
    if (entries[0]?.kind === 'proposal.executed') throw crash;
    return record(...entries);
  };
  await expect(proposals.confirm(third.id, third.digest, person('bob'))).rejects.toMatchObject({
    code: 'unavailable',
  });
  bench.entries.push = record;
  await other.tick();
  expect(await other.get(third.id)).toMatchObject({ state: 'executed' });
});

test('however many confirm and refuse at once, one wins, the others are told, and it happens at most once', async () => {
  const { bench, proposals, other } = await open();
  const deciders = fc.array(
    fc.tuple(fc.constantFrom('confirm', 'refuse'), fc.constantFrom('bob', 'cat', 'dan'), fc.boolean()),
    { minLength: 2, maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(deciders, async (chosen) => {
      const painted = bench.painted.length;
      const proposed = await proposals.propose(ask, person('ann'));
      const results = await Promise.allSettled(
        chosen.map(([what, who, here]) => {
          const room = here ? proposals : other;
          return what === 'confirm'
            ? room.confirm(proposed.id, proposed.digest, person(who))
            : room.refuse(proposed.id, 'not now, thanks', person(who));
        }),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const result of results)
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'conflict' });
      const { state } = (await proposals.get(proposed.id)) ?? {};
      expect(bench.painted.length - painted).toBe(state === 'executed' ? 1 : 0);
      const decided = bench.entries.filter(
        ({ fields, kind }) => fields.proposal === proposed.id && /confirmed|refused/.test(kind),
      );
      expect(decided).toHaveLength(1);
    }),
    { numRuns: 15 },
  );
});
