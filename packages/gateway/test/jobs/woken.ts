import { systemClock } from '@sallyport/shared/clock';
import { afterEach, expect, test } from 'vitest';
import { Jobs, type JobsPlace } from '../../src/jobs/index.ts';
import { ask, type Bench, openBench, person } from '../approval/fixture.ts';
import { quietLogger as logger } from '../store/postgres.ts';

/** A place for jobs, and the ways in which it fails. */
export interface Place {
  readonly place: JobsPlace;
  /** Every job is gone. */
  loseAll(): Promise<void>;
}

/** What holds wherever jobs are kept. */
export function provesWakes(placeFor: (bench: Bench) => Promise<Place>): void {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  /** An approval room whose times are a second away, with so many replicas that look. */
  async function woken(
    replicas: number,
    more: Parameters<typeof openBench>[0] = {},
  ): Promise<Bench & Place & { jobs: Jobs[] }> {
    const late: { jobs?: Jobs } = {};
    const bench = await openBench(
      { timeLimitMinutes: 0.02, escalation: [{ afterMinutes: 0.01, approvers: ['board'] }], ...more },
      { wake: (id, atMs) => late.jobs?.wake('approval', id, atMs) },
    );
    const place = await placeFor(bench);
    const jobs: Jobs[] = [];
    for (let n = 0; n < replicas; n += 1) {
      const approvals = n === 0 ? bench.approvals : await bench.restart();
      const each = await Jobs.open({ place: place.place, clock: systemClock, logger });
      closing.push(() => each.close());
      each.work({ approval: (id) => approvals.settle(id) });
      jobs.push(each);
    }
    const [first] = jobs;
    if (first !== undefined) late.jobs = first;
    // The bench itself: its members are set by tests and read by its room.
    return Object.assign(bench, place, { jobs });
  }

  const kinds = (bench: Bench, id: string) =>
    bench.entries.filter((entry) => entry.approval === id).map(({ kind }) => kind);
  const stateOf = async (bench: Bench, id: string) => (await bench.approvals.get(id))?.state;

  test('an approval is escalated and expires at its time, once each, whichever of two replicas looks', async () => {
    const bench = await woken(2);
    const { id, expiresAt } = await bench.approvals.request(ask);
    await expect.poll(() => stateOf(bench, id), { timeout: 10_000, interval: 20 }).toBe('expired');
    const ended = Date.parse((await bench.approvals.get(id))?.endedAt ?? '');
    expect(ended - Date.parse(expiresAt)).toBeGreaterThanOrEqual(0);
    expect(ended - Date.parse(expiresAt)).toBeLessThan(2_000);
    expect(kinds(bench, id)).toEqual(['approval.requested', 'approval.escalated', 'approval.expired']);
  });

  test('what was approved lapses at its time, and a wake that comes twice or too early does nothing', async () => {
    const bench = await woken(2, { timeLimitMinutes: 60, escalation: [], validMinutes: 0.02 });
    const { id, digest } = await bench.approvals.request(ask);
    for (const jobs of [...bench.jobs, ...bench.jobs]) jobs.wake('approval', id, 0);
    await bench.approvals.decide(id, { effect: 'approve', digest }, person('alice'));
    await expect.poll(() => stateOf(bench, id), { timeout: 10_000 }).toBe('expired');
    expect(kinds(bench, id)).toEqual(['approval.requested', 'approval.decided', 'approval.expired']);
  });

  test('with every job lost, the sweep brings it to the same one end', async () => {
    const bench = await woken(1);
    const { id } = await bench.approvals.request(ask);
    await bench.jobs[0]?.close();
    await bench.loseAll();
    bench.later(60_000);
    const restarted = await bench.restart();
    expect(await stateOf(bench, id)).toBe('pending');
    await Promise.all([restarted.tick(), bench.approvals.tick(), restarted.settle(id)]);
    await restarted.tick();
    expect(await stateOf(bench, id)).toBe('expired');
    expect(kinds(bench, id).filter((kind) => kind === 'approval.expired')).toHaveLength(1);
  });

  test('a look that fails is tried again, and one that could not be recorded has not happened', async () => {
    const bench = await woken(1, { escalation: [] });
    const { id } = await bench.approvals.request(ask);
    bench.logDown = true;
    await expect
      .poll(async () => Date.now() - Date.parse((await bench.approvals.get(id))?.expiresAt ?? ''), {
        timeout: 5_000,
      })
      .toBeGreaterThan(300);
    expect(await stateOf(bench, id)).toBe('pending');
    bench.logDown = false;
    await expect.poll(() => stateOf(bench, id), { timeout: 10_000 }).toBe('expired');
    expect(kinds(bench, id)).toEqual(['approval.requested', 'approval.expired']);
  });
}
