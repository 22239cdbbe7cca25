import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Exported, verify } from '../../packages/gateway/test/audit/exported.ts';
import { type Approving, startApproving } from '../framework/approving.ts';
import { commandsOf } from '../framework/commands.ts';

let on: Approving;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-approvals-'));
  on = await startApproving();
});
afterAll(async () => {
  await on?.sallyport.stop();
  rmSync(folder, { recursive: true });
});

async function exported(name: string): Promise<Exported> {
  const ended = await commandsOf(on.sallyport, folder)('audit', 'export', '--out', name);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return new Exported(join(folder, name));
}

test('calls that real people approved are proven to have been, and those denied are not counted', async () => {
  for (const [amount, effect] of [
    [201, 'approve'],
    [202, 'deny'],
    [203, 'approve'],
  ] as const) {
    const engineer = await on.client();
    const call = engineer.call('echo', { amount });
    const answer = await on.decide('alice', effect, await on.waiting());
    expect(answer.status).toBe(200);
    await call;
  }
  const { code, stdout, stderr } = await verify((await exported('genuine')).folder);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/2 calls were held: each had its approval/);
});
