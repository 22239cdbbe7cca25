import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verify } from '../../packages/gateway/test/audit/exported.ts';
import { commandsOf } from '../framework/commands.ts';
import { echoServer, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

let sallyport: Sallyport;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-checkpoint-'));
  sallyport = await startSallyport({ servers: { echo: echoServer() } });
});
afterAll(async () => {
  await sallyport?.stop();
  rmSync(folder, { recursive: true });
});

const run = (...args: string[]) => commandsOf(sallyport, folder)(...args);

test('a checkpoint is printed with its countersignatures, and a later export must extend it', async () => {
  const kept = await run('audit', 'checkpoint');
  expect(kept).toMatchObject({ code: 0, stderr: '' });
  // The log's own signature, and the agent's.
  expect(kept.stdout.match(/^— /gm)?.length).toBeGreaterThanOrEqual(2);
  const file = join(folder, 'kept.checkpoint');
  writeFileSync(file, kept.stdout);
  const client = new RawClient(sallyport.mcp('echo'), sallyport.token);
  await client.initialize();
  await client.call('echo', {}, 2);
  expect(await run('audit', 'export', '--out', 'later')).toMatchObject({ code: 0 });
  const proven = await verify(join(folder, 'later'), '--anchor', file);
  expect(proven).toMatchObject({ code: 0, stderr: '' });
  expect(proven.stdout).toMatch(/1 checkpoints kept elsewhere agree/);
  writeFileSync(file, kept.stdout.replace(/\n(\d+)\n[^\n]{44}\n/, `\n$1\n${'A'.repeat(43)}=\n`));
  expect(await verify(join(folder, 'later'), '--anchor', file)).toMatchObject({ code: 1 });
});

test("the gateway gives the verifier's page as a file to keep, the very one that was built", async () => {
  const answer = await fetch(`${sallyport.url}/verify.html`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-disposition')).toBe('attachment; filename="verify.html"');
  const built = new URL('../../packages/shared/dist/verify.html', import.meta.url);
  expect(await answer.text()).toBe(readFileSync(built, 'utf8'));
  expect(await (await fetch(sallyport.url)).text()).toContain('href="/verify.html"');
});
