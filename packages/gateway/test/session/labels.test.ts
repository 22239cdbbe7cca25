import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Labels } from '../../src/session/labels.ts';
import { LABEL_MAX_MS, LABEL_REFRESH_MS } from '../../src/session/limits.ts';
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

const clock = { at: 1_700_000_000_000, now: () => clock.at, monotonicMs: () => clock.at };
const open = async () => await Labels.open(store, clock);
let count = 0;
const someone = () => {
  count += 1;
  return { kind: 'user' as const, name: `reader-${count}` };
};

describe('labels', () => {
  test('are a principal’s, sorted, and new once', async () => {
    const labels = await open();
    const ann = someone();
    expect(await labels.add(ann, 'ses_1', ['b', 'a'])).toEqual(['b', 'a']);
    expect(await labels.add(ann, 'ses_2', ['a', 'c'])).toEqual(['c']);
    expect(labels.of(ann)).toEqual(['a', 'b', 'c']);
    expect(labels.of({ ...ann, kind: 'service-account' })).toEqual([]);
    labels.close();
  });

  test('survive a restart, and reach other replicas', async () => {
    const one = await open();
    const other = await open();
    const ann = someone();
    await one.add(ann, 'ses_1', ['a']);
    await expect.poll(() => other.of(ann)).toEqual(['a']);
    const restarted = await open();
    expect(restarted.of(ann)).toEqual(['a']);
    for (const labels of [one, other, restarted]) labels.close();
  });

  test('end a set time after the last reading, and each reading begins it anew', async () => {
    const labels = await open();
    const ann = someone();
    const begin = clock.at;
    await labels.add(ann, 'ses_1', ['a', 'b']);
    clock.at += LABEL_MAX_MS - LABEL_REFRESH_MS;
    await labels.add(ann, 'ses_1', ['a']);
    clock.at = begin + LABEL_MAX_MS;
    expect(labels.of(ann)).toEqual(['a']);
    expect((await open()).of(ann)).toEqual(['a']);
    clock.at += LABEL_MAX_MS;
    expect(labels.of(ann)).toEqual([]);
    labels.close();
  });

  test('hold from the call on, reject where they are not durable, and are written by the next reading', async () => {
    let fails = true;
    const labels = await Labels.open(
      {
        listen: async () => undefined,
        pool: Object.create(store.pool, {
          query: {
            value: (...what: Parameters<typeof store.pool.query>) =>
              fails && String(what[0]).includes('INSERT')
                ? Promise.reject(new Error('away'))
                : store.pool.query(...what),
          },
        }),
      },
      clock,
    );
    const ann = someone();
    const first = labels.add(ann, 'ses_1', ['a']);
    // Another reading of the same, at the same time, must not be released by what is not durable yet.
    const second = labels.add(ann, 'ses_1', ['a']);
    expect(labels.of(ann)).toEqual(['a']);
    await expect(first).rejects.toThrow('away');
    await expect(second).rejects.toThrow('away');
    expect(labels.of(ann)).toEqual(['a']);
    fails = false;
    await labels.add(ann, 'ses_1', ['a']);
    expect((await open()).of(ann)).toEqual(['a']);
    labels.close();
  });
});
