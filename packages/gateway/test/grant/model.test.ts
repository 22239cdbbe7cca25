import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OpenGrants } from '../../src/grant/grants.ts';
import { type Bench, engineer, openBench, terms } from './fixture.ts';

/** What must be true of one grant, kept beside the real one. */
interface Model {
  id: string | undefined;
  approval: string | undefined;
  state: string;
  uses: number;
  nowMs: number;
  endsMs: number;
}
const USES = 3;
const ENDS = new Set(['refused', 'withdrawn', 'expired', 'revoked', 'used_up']);
const admin = { kind: 'service-account', name: 'admin' } as const;
type Real = { bench: Bench; replicas: OpenGrants[] };
type Step = fc.AsyncCommand<Model, Real>;

function step(
  name: string,
  check: (model: Model) => boolean,
  run: (model: Model, real: Real) => Promise<void>,
): Step {
  return {
    check,
    toString: () => name,
    run: async (model, real) => {
      await run(model, real);
      await holds(model, real);
    },
  };
}

/** A grant in an end state stays there, and no replica's memory permits a call that the model does not. */
async function holds(model: Model, { replicas }: Real): Promise<void> {
  if (model.id === undefined) return;
  const stored = await replicas[0]?.get(model.id);
  if (ENDS.has(model.state)) expect(stored?.state).toBe(model.state);
  expect(stored?.uses).toBe(model.uses);
  for (const replica of replicas) {
    const fact = replica.match({
      principal: engineer,
      server: 'ledger',
      on: { tool: 'transfer' },
      session: 'ses_1',
      arguments: () => ({ amount_minor: 1 }),
    });
    if (fact !== undefined) expect(model.state === 'active' && model.nowMs < model.endsMs).toBe(true);
  }
}

const commands = (replica: number) => [
  step(
    'request',
    (model) => model.id === undefined,
    async (model, { bench, replicas }) => {
      bench.effect = 'hold';
      const grant = await replicas[replica]?.request({ ...terms, usesMax: USES }, engineer);
      Object.assign(model, { id: grant?.id, approval: grant?.approval, state: 'requested' });
    },
  ),
  step(
    'decide twice at once, one yes and one no',
    (model) => model.id !== undefined && model.approval !== undefined,
    async (model, { replicas }) => {
      const answers = (['approve', 'refuse'] as const).map((effect, n) =>
        replicas[(replica + n) % 2]?.decided(model.id ?? '', {
          effect,
          by: `approver-${n}`,
          reason: 'decided',
          approval: model.approval ?? '',
          flows: ['access'],
        }),
      );
      await Promise.all(answers);
      if (model.state !== 'requested') return;
      const stored = await replicas[0]?.get(model.id ?? '');
      expect(['active', 'refused']).toContain(stored?.state);
      model.state = stored?.state ?? '';
      // The bench's clock is the machine's and what was added to it; the model counts only what was added.
      if (model.state === 'active') model.endsMs = model.nowMs + terms.durationSeconds * 1_000;
      await Promise.all(replicas.map((each) => each.reload()));
    },
  ),
  step(
    'use from both sides at once',
    (model) => model.id !== undefined,
    async (model, { replicas }) => {
      const uses = await Promise.allSettled(replicas.map((each) => each.use(model.id ?? '', 'ses_1')));
      const made = uses.filter(({ status }) => status === 'fulfilled').length;
      if (made > 0) expect(model.state === 'active' && model.nowMs < model.endsMs + 5_000).toBe(true);
      model.uses += made;
      expect(model.uses).toBeLessThanOrEqual(USES);
      if (model.uses === USES && model.state === 'active') {
        await expect.poll(async () => (await replicas[0]?.get(model.id ?? ''))?.state).toBe('used_up');
        model.state = 'used_up';
        await Promise.all(replicas.map((each) => each.reload()));
      }
    },
  ),
  step(
    'revoke from both sides at once',
    (model) => model.id !== undefined,
    async (model, { replicas }) => {
      const revoked = await Promise.allSettled(
        replicas.map((each) => each.revoke(model.id ?? '', 'not needed', admin)),
      );
      const made = revoked.filter(({ status }) => status === 'fulfilled').length;
      const open = model.state === 'active' || model.state === 'requested';
      expect(made).toBe(open ? 1 : 0);
      if (open) model.state = model.state === 'active' ? 'revoked' : 'withdrawn';
      await Promise.all(replicas.map((each) => each.reload()));
    },
  ),
  ...[-3_600_000, 1_800_000, 3_600_000].map((ms) =>
    step(
      `clock ${ms > 0 ? '+' : ''}${ms / 60_000} min`,
      () => true,
      async (model, { bench, replicas }) => {
        bench.later(ms);
        model.nowMs += ms;
        for (const each of replicas) await each.tick();
        const stored = model.id === undefined ? undefined : await replicas[0]?.get(model.id);
        if (model.state === 'active' && model.nowMs >= model.endsMs) expect(stored?.state).toBe('expired');
        if (stored?.state === 'expired') model.state = 'expired';
      },
    ),
  ),
  step(
    'restart',
    () => true,
    async (_model, { bench, replicas }) => {
      replicas[replica] = await bench.restart();
    },
  ),
];

test('whoever decides, uses, revokes, restarts or moves a clock: one end, and never a use beyond it', async () => {
  const all = [...commands(0), ...commands(1)].map((command) => fc.constant(command));
  await fc.assert(
    fc.asyncProperty(fc.commands(all, { maxCommands: 14 }), async (chosen) => {
      const bench = await openBench();
      const replicas = [bench.grants, await bench.restart()];
      const model: Model = {
        id: undefined,
        approval: undefined,
        state: '',
        uses: 0,
        nowMs: 0,
        endsMs: Infinity,
      };
      await fc.asyncModelRun(() => ({ model, real: { bench, replicas } }), chosen);
    }),
    { numRuns: 20 },
  );
}, 120_000);
