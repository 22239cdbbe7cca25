import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sallyport, startSallyport } from '../framework/index.ts';

let sallyport: Sallyport;

beforeAll(async () => {
  sallyport = await startSallyport({ servers: {}, probeMs: 0 });
}, 60_000);
afterAll(() => sallyport.stop());

interface Quorum {
  met: boolean;
  demands: string;
  warning?: string;
  checkpoint?: { number: number; size: number };
  witnesses: { name: string; key: string; last?: { number: number }; problem?: string }[];
}

async function quorum(): Promise<Quorum> {
  const { body } = await sallyport.api('GET', '/audit/status');
  return body.witnesses as Quorum;
}

async function until(holds: (state: Quorum) => boolean): Promise<Quorum> {
  for (;;) {
    const state = await quorum();
    if (holds(state)) return state;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('the agent countersigns over its tunnel, and the status says that agents alone do', async () => {
  const state = await until(({ checkpoint }) => checkpoint !== undefined);
  expect(state).toMatchObject({
    met: true,
    demands: 'one agent',
    warning: expect.stringContaining('agents alone'),
  });
  expect(state.witnesses).toMatchObject([{ name: 'sallyport-agent/test-agent' }]);
  const entries = await sallyport.entries('witness.key');
  expect(entries).toMatchObject([{ fields: { kind: 'agent', key: state.witnesses[0]?.key } }]);
  expect(await (await fetch(`${sallyport.url}/metrics`)).text()).toMatch(
    /sallyport_witness_quorum_age_seconds \d/,
  );
  expect(await (await fetch(`${sallyport.url}/readyz`)).json()).toMatchObject({
    detail: { witnesses: true },
  });
});

test('after a restart of either end it goes on with the same key, from where it was', async () => {
  const before = await until(({ checkpoint }) => checkpoint !== undefined);
  await sallyport.stopAgent();
  await sallyport.restartGateway();
  // What was covered is known without the agent.
  expect((await quorum()).checkpoint?.number).toBeGreaterThanOrEqual(before.checkpoint?.number ?? 0);
  await sallyport.startAgent();
  const after = await until(({ checkpoint }) => (checkpoint?.number ?? 0) > (before.checkpoint?.number ?? 0));
  expect(after.witnesses).toMatchObject([{ key: before.witnesses[0]?.key }]);
  expect(await sallyport.entries('witness.key')).toHaveLength(1);
  expect(await sallyport.entries('witness.conflict')).toEqual([]);
});
