import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OpenApprovals } from '../../src/approval/approvals.ts';
import { ask, type Bench, openBench, person } from './fixture.ts';

/** What must be true of the requests for one call, kept beside the real ones. */
interface Model {
  /** The request that is open, where one is. */
  id: string | undefined;
  state: 'pending' | 'approved';
  approvers: Set<string>;
  expiresMs: number;
  validUntilMs: number;
  nowMs: number;
  /** How each that ended did. */
  readonly ended: Map<string, string>;
  uses: number;
  approvals: number;
}
type Real = { bench: Bench; replicas: OpenApprovals[] };
type Step = fc.AsyncCommand<Model, Real>;
const MINUTE_MS = 60_000;
const NEEDED = 2;
/** The bench's clock goes on by itself while a step runs. */
const SLACK_MS = 20_000;

function step(name: string, run: (model: Model, real: Real) => Promise<void>): Step {
  return {
    check: () => true,
    toString: () => name,
    run: async (model, real) => {
      await run(model, real);
      await holds(model, real);
    },
  };
}

/** What has ended stays as it ended, and no more was used than was approved. */
async function holds(model: Model, { replicas, bench }: Real): Promise<void> {
  for (const [id, state] of model.ended) expect((await replicas[0]?.get(id))?.state).toBe(state);
  expect(model.uses).toBeLessThanOrEqual(model.approvals);
  expect(bench.entries.filter(({ kind }) => kind === 'approval.used')).toHaveLength(model.uses);
  if (model.id !== undefined) expect((await replicas[1]?.get(model.id))?.state).toBe(model.state);
}

function end(model: Model, state: string): void {
  if (model.id !== undefined) model.ended.set(model.id, state);
  model.id = undefined;
}

const people = ['engineer', 'alice', 'bob', 'carol', 'eve'] as const;
const commands = (replica: number) => [
  step('request on both at once', async (model, { replicas }) => {
    const made = await Promise.all(replicas.map((each) => each.request(ask)));
    // Whoever is told how the last one ended is told once; all others share one open request.
    const open = new Set(
      made.filter(({ state }) => state === 'pending' || state === 'approved').map(({ id }) => id),
    );
    expect(open.size).toBeLessThanOrEqual(1);
    const [id] = open;
    if (id === undefined) return;
    const shown = await replicas[0]?.get(id);
    if (model.id !== undefined && model.id !== id) {
      // The clock was at its end though no tick had said so.
      expect(model.nowMs + SLACK_MS).toBeGreaterThan(
        model.state === 'pending' ? model.expiresMs : model.validUntilMs,
      );
      end(model, 'expired');
    }
    if (model.id === undefined) {
      Object.assign(model, {
        id,
        state: 'pending',
        approvers: new Set<string>(),
        expiresMs: model.nowMs + 60 * MINUTE_MS,
      });
      expect(shown?.state).toBe('pending');
    }
  }),
  ...([0, 1, 2, 3] as const).map((shift) =>
    step(`all decide at once, from ${shift}`, async (model, { replicas }) => {
      const { id } = model;
      if (id === undefined) return;
      const effects = ['approve', 'approve', shift === 3 ? 'deny' : 'approve', 'approve', 'deny'] as const;
      const order = people.map((_, index) => (index + shift) % people.length);
      const answers = await Promise.allSettled(
        order.map((index, n) =>
          replicas[(replica + n) % 2]?.decide(
            id,
            { effect: effects[index] ?? 'approve', digest: ask.digest, reason: 'as the model says' },
            person(people[index] ?? ''),
          ),
        ),
      );
      const done = answers.flatMap((answer, n) =>
        answer.status === 'fulfilled' ? [people[order[n] ?? 0] ?? ''] : [],
      );
      for (const name of done) expect(['alice', 'bob']).toContain(name);
      if (done.length > 0) expect(model.state === 'pending' && model.nowMs < model.expiresMs).toBe(true);
      const stored = await replicas[0]?.get(id);
      for (const { by } of stored?.votes ?? []) model.approvers.add(by.name);
      if (stored?.state === 'denied') return end(model, 'denied');
      if (stored?.state === 'approved' && model.state === 'pending') {
        expect(stored.votes.filter(({ effect }) => effect === 'approve')).toHaveLength(NEEDED);
        model.state = 'approved';
        model.approvals += 1;
        model.validUntilMs = model.nowMs + 10 * MINUTE_MS;
      }
    }),
  ),
  step('use on both at once', async (model, { replicas }) => {
    const { id } = model;
    const ids = id === undefined ? [...model.ended.keys()] : [id];
    for (const each of ids) {
      const uses = await Promise.allSettled(
        [...replicas, ...replicas].map((room) => room.use(each, ask.digest, ask.requester)),
      );
      const made = uses.filter(({ status }) => status === 'fulfilled').length;
      if (each !== id) {
        expect(made).toBe(0);
        continue;
      }
      const usable = model.state === 'approved' && model.nowMs < model.validUntilMs;
      expect(made).toBe(usable ? 1 : 0);
      model.uses += made;
      if (made > 0) end(model, 'used');
    }
  }),
  step('use with another digest', async (model, { replicas }) => {
    if (model.id === undefined) return;
    await expect(replicas[replica]?.use(model.id, 'f'.repeat(64), ask.requester)).rejects.toMatchObject({
      code: 'conflict',
    });
  }),
  step('withdraw', async (model, { replicas }) => {
    if (model.id === undefined) return;
    await replicas[replica]?.withdraw(model.id, 'not needed');
    end(model, 'withdrawn');
  }),
  ...[-60, 9, 11, 60].map((minutes) =>
    step(`clock ${minutes} min, ticks`, async (model, { bench, replicas }) => {
      bench.later(minutes * MINUTE_MS);
      model.nowMs += minutes * MINUTE_MS;
      await Promise.all(replicas.map((each) => each.tick()));
      const over = model.state === 'pending' ? model.expiresMs : model.validUntilMs;
      if (model.id !== undefined && model.nowMs >= over) end(model, 'expired');
    }),
  ),
  step('restart', async (_model, { bench, replicas }) => {
    replicas[replica] = await bench.restart();
  }),
];

test('whoever asks, decides, uses, withdraws, restarts or moves a clock: one end each, one use of an approval', async () => {
  const all = [...commands(0), ...commands(1)].map((command) => fc.constant(command));
  await fc.assert(
    fc.asyncProperty(fc.commands(all, { maxCommands: 16 }), async (chosen) => {
      const bench = await openBench({ stages: [{ approvers: ['treasury'], needed: NEEDED }] });
      const model: Model = {
        id: undefined,
        state: 'pending',
        approvers: new Set(),
        expiresMs: Infinity,
        validUntilMs: Infinity,
        nowMs: 0,
        ended: new Map(),
        uses: 0,
        approvals: 0,
      };
      const replicas = [bench.approvals, await bench.restart()];
      try {
        await fc.asyncModelRun(() => ({ model, real: { bench, replicas } }), chosen);
      } finally {
        await bench.close();
      }
    }),
    { numRuns: 30 },
  );
}, 180_000);
