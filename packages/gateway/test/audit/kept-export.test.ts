import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningApi, startApi } from '../admin/running-api.ts';
import { runProgram } from '../cli/run-program.ts';
import { intent, outcome } from './draft.ts';
import { Exported, verify } from './exported.ts';

const BODIES = 'bodies/bodies.ndjson';
let api: RunningApi;
let folder: string;
let token: string;
let genuine: Exported;

const run = (...args: string[]) =>
  runProgram(args, { env: { SALLYPORT_URL: api.url, SALLYPORT_TOKEN: token }, cwd: folder });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-kept-'));
  api = await startApi();
  const made = await api.call('POST', '/api/v1/tokens', {
    as: 'administrator',
    json: { serviceAccount: 'examiner', roles: ['auditor', 'custodian'], expiresInSeconds: 3600 },
  });
  token = made.body.token;
  for (let call = 0; call < 120; call += 1) {
    const body = Buffer.from(`{"n":${call % 70}}`);
    const request = { digest: createHash('sha256').update(body).digest('hex'), bytes: body.length };
    await api.rooms.audit.record(
      { ...intent(`cal_${call}`), request },
      { body, original: Buffer.from(`exact ${call}`) },
    );
    await api.rooms.audit.record(outcome(`cal_${call}`));
  }
  const said = await run('audit', 'export', '--bodies', '--sealed', '--out', 'genuine');
  expect(said, said.stderr).toMatchObject({ code: 0, stderr: '' });
  genuine = new Exported(join(folder, 'genuine'));
}, 60_000);
afterAll(async () => {
  await api?.stop();
  rmSync(folder, { recursive: true });
});

test('bodies and sealed originals go along where asked for, and bodies are proven', async () => {
  const { code, stdout, stderr } = await verify(genuine.folder);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('70 bodies are the ones that entries name');
  expect(stdout).toContain('120 sealed originals are here; only the master key opens them');
  expect(genuine.read('sealed/originals.ndjson')).not.toContain(
    Buffer.from('exact 1').toString('base64').slice(0, 8),
  );
  const without = await run('audit', 'export', '--out', 'without');
  expect(without.code).toBe(0);
  expect((await verify(join(folder, 'without'))).stdout).not.toContain('bodies are');
});

test.each([
  [
    'changed',
    (lines: string[]) => [lines[0]?.replace(/"body":"./, '"body":"f') ?? '', ...lines.slice(1)],
    /is not the one that was recorded/,
  ],
  [
    'put in',
    (lines: string[]) => [
      ...lines,
      JSON.stringify({
        digest: createHash('sha256').update('other').digest('hex'),
        body: Buffer.from('other').toString('base64'),
      }),
    ],
    /no entry names the body/,
  ],
])('a body that was %s is caught', async (_, change, says) => {
  const files = genuine.copy();
  files.edit(BODIES, change);
  files.fixManifest();
  expect(await verify(files.folder)).toMatchObject({ code: 1, stderr: expect.stringMatching(says) });
  files.remove();
});

test('sealed originals need the role that may unmask', async () => {
  const said = await runProgram(['audit', 'export', '--sealed', '--out', 'refused'], {
    env: { SALLYPORT_URL: api.url, SALLYPORT_TOKEN: api.token('auditor') },
    cwd: folder,
  });
  expect(said).toMatchObject({ code: 1, stderr: expect.stringMatching(/custodian/) });
});

test('a tar file is the same, and one that was cut off, re-packed or damaged is named', async () => {
  expect(await run('audit', 'export', '--bodies', '--out', 'whole.tar')).toMatchObject({
    code: 0,
    stderr: '',
  });
  const whole = join(folder, 'whole.tar');
  expect((await verify(whole)).stdout).toMatch(/^PROVEN: test\/log\/0$/m);
  const bytes = readFileSync(whole);
  const at = (name: string, change: (copy: Buffer) => void): string => {
    const copy = Buffer.from(bytes);
    change(copy);
    const file = join(folder, name);
    writeFileSync(file, copy);
    return file;
  };
  const cut = at('cut.tar', () => undefined);
  truncateSync(cut, bytes.length - 1_500);
  expect(await verify(cut)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/cut.tar: it was cut off/),
  });
  const damaged = at('damaged.tar', (copy) => copy.write('../../x', 0, 'latin1'));
  expect(await verify(damaged)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/damaged.tar: it is no tar file, or was damaged/),
  });
  // The same with a header that is right: a path that leads out of the folder.
  const out = at('out.tar', (copy) => {
    copy.fill(0, 0, 100).write('../evil.json', 0, 'latin1');
    copy.write('        ', 148, 'latin1');
    const sum = copy.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  });
  expect(await verify(out)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/holds "\.\.\/evil\.json", which no export has/),
  });
  const changed = at('changed.tar', (copy) => {
    const where = copy.indexOf('"kind":"call.intent"');
    copy.write('"kind":"call.intenx"', where, 'latin1');
  });
  expect(await verify(changed)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/entry \d+: its text is not the one that was recorded/),
  });
  expect(await run('audit', 'export', '--out', 'whole.tar')).toMatchObject({ code: 1 });
});
