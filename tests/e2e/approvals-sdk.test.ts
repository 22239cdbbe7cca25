import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Approving, startApproving } from '../framework/approving.ts';
import { connectLegacyClient, connectModernClient } from '../framework/sdk-clients.ts';

// The official clients, and a count at the real server of what ran.
let on: Approving;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-ran-'));
  on = await startApproving({}, { ECHO_RUNS: join(folder, 'runs') });
});
afterAll(async () => {
  await on?.sallyport.stop();
  await rm(folder, { recursive: true, force: true });
});

/** How often the server ran the call with this number. */
async function ran(n: number): Promise<number> {
  const runs = await readFile(join(folder, 'runs'), 'utf8').catch(() => '');
  return runs.split('\n').filter((line) => line === String(n)).length;
}

describe('official clients', () => {
  it('of the older revisions wait, with progress, until it is approved', async () => {
    const token = await on.sallyport.newToken('older', ['engineers']);
    const { client } = await connectLegacyClient(on.sallyport.mcp('echo'), token);
    const progress: unknown[] = [];
    client
      .callTool({ name: 'echo', arguments: { amount: 601, n: 601 } }, undefined, {
        onprogress: (each) => progress.push(each.message),
      })
      .catch(() => undefined);
    const asked = await on.waiting('older');
    await expect.poll(() => progress.length).toBeGreaterThan(0);
    expect(await ran(601)).toBe(0);
    await on.decide('alice', 'approve', asked);
    // The echo server's answer has a member that this SDK's transport drops it for: its count is what is looked at.
    await expect.poll(() => ran(601), { timeout: 5_000 }).toBe(1);
    expect(String(progress[0])).toContain(asked.id);
    expect(await ran(601)).toBe(1);
    await client.close();
  });

  it('of 2026-07-28 wait too, and a denial is an error that says why', async () => {
    const token = await on.sallyport.newToken('newer', ['engineers']);
    const { client } = await connectModernClient(on.sallyport.mcp('echo'), token, { pin: '2026-07-28' });
    const call = client.callTool({ name: 'echo', arguments: { amount: 602, n: 602 } });
    const refused = expect(call).rejects.toThrow(/denied by bob: Wrong account/);
    await on.decide('bob', 'deny', await on.waiting('newer'));
    await refused;
    expect(await ran(602)).toBe(0);
    await client.close();
  });
});

it('of many same calls at once, sent under one approval, the server runs one', async () => {
  const engineer = await on.client();
  const calls = Array.from({ length: 8 }, (_, id) =>
    engineer.call('echo', { amount: 603, n: 603 }, 700 + id),
  );
  const asked = await on.waiting();
  await expect
    .poll(async () => (await on.as('alice', 'GET', `/approvals/${asked.id}`)).body.state)
    .toBe('pending');
  // All of them wait for the same: its notice wakes all of them.
  await new Promise((resolve) => setTimeout(resolve, 500));
  await on.decide('alice', 'approve', asked);
  const answers = await Promise.all(calls);
  const done = answers.filter(({ messages }) => JSON.parse(messages.at(-1) ?? '').result !== undefined);
  expect(done).toHaveLength(1);
  expect(await ran(603)).toBe(1);
  for (const { messages } of answers) {
    const { error } = JSON.parse(messages.at(-1) ?? '');
    if (error !== undefined) expect(error.message).toMatch(/Nothing was sent/);
  }
});
