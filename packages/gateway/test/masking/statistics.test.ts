import { systemClock } from '@sallyport/shared/clock';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MaskingStatistics } from '../../src/masking/index.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { quietLogger, testDatabase } from '../store/postgres.ts';

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

const found = (rule: string, count: number, at: 'agent' | 'gateway' = 'agent') => ({
  rule,
  detector: 'pan',
  entity: 'PAN',
  carrier: 'text',
  at,
  count,
});
const day = (iso: string) => ({ ...systemClock, now: () => Date.parse(iso) });

test('counts of several gateways and days add up, and none is lost while the database can not be written', async () => {
  let broken = false;
  const flaky: Pick<Store, 'pool'> = {
    pool: new Proxy(store.pool, {
      get: (pool, name) => {
        const value = Reflect.get(pool, name);
        if (name !== 'query') return value;
        return (...args: unknown[]) =>
          broken ? Promise.reject(new Error('gone')) : Reflect.apply(value, pool, args);
      },
    }),
  };
  const one = new MaskingStatistics(flaky, day('2026-11-25T23:59:59Z'), quietLogger);
  const two = new MaskingStatistics(store, day('2026-11-26T00:00:00Z'), quietLogger);
  one.add('ledger', [found('PCI', 2), found('PCI', 3)]);
  broken = true;
  await one.flush();
  one.add('ledger', [found('PCI', 1), found('own', 1, 'gateway')]);
  broken = false;
  two.add('ledger', [found('PCI', 4)]);
  two.add('other', [found('PCI', 7)]);
  await Promise.all([one.flush(), two.flush()]);
  const range = { from: '2026-11-25', until: '2026-11-26' };
  expect(await one.counts(range)).toEqual([
    { ...found('PCI', 10), server: 'ledger', days: 2, lastDay: '2026-11-26' },
    { ...found('PCI', 7), server: 'other', days: 1, lastDay: '2026-11-26' },
    { ...found('own', 1, 'gateway'), server: 'ledger', days: 1, lastDay: '2026-11-25' },
  ]);
  expect(await one.counts({ ...range, from: '2026-11-26', server: 'ledger' })).toEqual([
    { ...found('PCI', 4), server: 'ledger', days: 1, lastDay: '2026-11-26' },
  ]);
  expect(await one.counts({ ...range, rule: 'own' })).toHaveLength(1);
  await Promise.all([one.close(), two.close()]);
});

test('names from elsewhere are cut and stored, whatever they hold', async () => {
  const statistics = new MaskingStatistics(store, day('2026-10-01T00:00:00Z'), quietLogger);
  statistics.add('odd', [found(`\0${'x'.repeat(500)}\ud800`, 1), found(`\0${'x'.repeat(500)}y`, 1)]);
  const [first, ...rest] = await statistics.counts({ from: '2026-10-01', until: '2026-10-01' });
  expect(first).toMatchObject({ server: 'odd', count: 2 });
  expect(rest).toEqual([]);
  await statistics.close();
});
