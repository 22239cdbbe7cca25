import { expect, test } from 'vitest';
import { DiskWatch } from '../../src/audit/disk.ts';
import { quietLogger as logger, temporaryFolder } from '../store/postgres.ts';
import { auditOn, freshDatabase, intent, outcome, storeOn } from './fixture.ts';

/** A disk whose free space the test says, and a watch that looks when told. */
async function watched(free: number) {
  const kinds: string[] = [];
  const disk = { free: free as number | Error };
  const watch = await DiskWatch.open({
    folder: '/data',
    freeShare: async () => {
      if (disk.free instanceof Error) throw disk.free;
      return disk.free;
    },
    record: async ({ kind }) => kinds.push(kind),
    logger,
  });
  return {
    kinds,
    watch,
    async at(next: number | Error) {
      disk.free = next;
      await watch.look();
      return watch.state();
    },
  };
}

test('is an alarm at 10 % and refuses calls at 2 %, each until there is room again', async () => {
  const { at, kinds, watch } = await watched(0.5);
  expect(watch.state()).toEqual({ freePercent: 50, low: false, refuses: false });
  expect(await at(0.1)).toEqual({ freePercent: 10, low: true, refuses: false });
  expect(await at(0.02)).toEqual({ freePercent: 2, low: true, refuses: true });
  expect(watch.refusal()).toMatch(/2 % free; calls are refused at 2 %/);
  expect(await at(0.021)).toMatchObject({ low: true, refuses: false });
  // At the limit it is one alarm, not one every look.
  expect(await at(0.11)).toMatchObject({ low: true });
  expect(await at(0.09)).toMatchObject({ low: true });
  expect(await at(0.12)).toMatchObject({ low: false });
  expect(kinds).toEqual(['log.disk_low', 'log.disk_well']);
  watch.stop();
});

test('an entry that could not be written is written once the log can be', async () => {
  const kinds: string[] = [];
  let away = true;
  const watch = await DiskWatch.open({
    folder: '/data',
    freeShare: async () => 0.05,
    record: async ({ kind }) => {
      if (away) throw new Error('the log is away');
      kinds.push(kind);
    },
    logger,
  });
  expect(watch.state()).toMatchObject({ low: true });
  expect(kinds).toEqual([]);
  away = false;
  await watch.look();
  await watch.look();
  expect(kinds).toEqual(['log.disk_low']);
  watch.stop();
});

test('what can not be read is said, and the last reading counts', async () => {
  const { at, watch } = await watched(0.01);
  expect(await at(new Error('gone'))).toMatchObject({
    refuses: true,
    problem: expect.stringMatching(/gone/),
  });
  expect(await at(0.3)).toEqual({ freePercent: 30, low: false, refuses: false });
  watch.stop();
});

test('on a full disk no call begins, and one that has begun is still recorded to its end', async () => {
  let free = 0.5;
  const store = await storeOn(await freshDatabase());
  const audit = await auditOn(store, { disk: { folder: '/data', freeShare: async () => free } });
  await audit.record(intent('cal_1'));
  await audit.close();
  free = 0.015;
  const full = await auditOn(store, { disk: { folder: '/data', freeShare: async () => free } });
  expect(full.healthy()).toBe(false);
  expect(full.disk()).toEqual({ freePercent: 1, low: true, refuses: true });
  await expect(full.record(intent('cal_2'))).rejects.toMatchObject({ code: 'unavailable' });
  await full.record({ kind: 'decision.deny' });
  await full.record(outcome('cal_3'));
  const kinds = (await full.search({ limit: 10 })).map(({ kind }) => kind);
  expect(kinds).toContain('log.disk_low');
  expect(kinds).toContain('decision.deny');
});

test('the system tells how much of a real disk is free', async () => {
  const store = await storeOn(await freshDatabase());
  const audit = await auditOn(store, { disk: { folder: await temporaryFolder() } });
  expect(audit.disk()?.freePercent).toBeGreaterThan(0);
  expect(audit.disk()?.freePercent).toBeLessThanOrEqual(100);
});
