import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningApi, startApi } from '../../../packages/gateway/test/admin/running-api.ts';
import { intent, outcome } from '../../../packages/gateway/test/audit/draft.ts';
import { Exported, verify } from '../../../packages/gateway/test/audit/exported.ts';
import { runProgram } from '../../../packages/gateway/test/cli/run-program.ts';
import { rewrite, stealKey } from '../witness/rewrite.ts';
import { TimeStampingAuthority } from './authority.ts';
import { ObjectStore } from './object-store.ts';

const ANCHORS = 'anchors/anchors.ndjson';
let folder: string;
let worm: string;
let store: ObjectStore;
let authority: TimeStampingAuthority;
let api: RunningApi;
let genuine: Exported;

const run = (...args: string[]) =>
  runProgram(args, { env: { SALLYPORT_URL: api.url, SALLYPORT_TOKEN: api.token('auditor') }, cwd: folder });
const kinds = async (kind: string) => await api.entries({ kind, limit: 100 });

async function calls(from: number, count: number): Promise<void> {
  for (let call = from; call < from + count; call += 1) {
    await api.rooms.audit.record(intent(`cal_${call}`));
    await api.rooms.audit.record(outcome(`cal_${call}`));
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-anchors-'));
  worm = join(folder, 'worm');
  mkdirSync(worm);
  store = await ObjectStore.start();
  authority = await TimeStampingAuthority.start();
  writeFileSync(join(folder, 'access'), `${store.accessKey}\n`);
  writeFileSync(join(folder, 'secret'), `${store.secretKey}\n`);
  writeFileSync(join(folder, 'tsa.pem'), authority.pem);
  api = await startApi({
    anchoring: {
      anchors: [
        { name: 'share', folder: worm },
        {
          name: 'bucket',
          s3: {
            endpoint: `http://127.0.0.1:${store.port}`,
            bucket: 'audit',
            region: 'eu-central-1',
            prefix: 'bank/',
            accessKeyFile: join(folder, 'access'),
            secretKeyFile: join(folder, 'secret'),
            retainDays: 1827,
          },
        },
        { name: 'stamps', timestamp: { url: `http://127.0.0.1:${authority.port}/tsr` } },
      ],
      refuses: false,
      outbound: { privateHosts: [`127.0.0.1:${store.port}`, `127.0.0.1:${authority.port}`] },
    },
  });
  await calls(0, 5);
  const said = await run('audit', 'anchor');
  expect(said, said.stderr).toMatchObject({ code: 0 });
  await calls(5, 5);
  expect(await run('audit', 'export', '--out', 'genuine')).toMatchObject({ code: 0, stderr: '' });
  genuine = new Exported(join(folder, 'genuine'));
}, 60_000);
afterAll(async () => {
  await api?.stop();
  await store?.stop();
  await authority?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a checkpoint is anchored', () => {
  test('in a folder, in a bucket that locks it, and by a time stamp; each is an entry and in the status', async () => {
    const [file = ''] = readdirSync(worm);
    const note = readFileSync(join(worm, file), 'utf8');
    expect(note).toMatch(/^test\/log\/0\n\d+\n/);
    const [object] = [...store.objects.values()];
    expect(object).toMatchObject({ lock: 'COMPLIANCE' });
    expect(Date.parse(object?.until ?? '') - Date.now()).toBeGreaterThan(1826 * 86_400_000);
    expect(object?.body.toString()).toBe(note);
    const anchored = (await kinds('log.anchored')).map(({ fields }) => fields?.anchor);
    expect(anchored.sort()).toEqual(['bucket', 'share', 'stamps']);
    const { stdout } = await run('audit', 'status');
    expect(stdout).toMatch(/anchor +share \(folder\): \d+ entries at .*worm/);
    expect(stdout).toMatch(/anchor +stamps \(timestamp\): \d+ entries/);
  });

  test('and what was anchored is proven offline', async () => {
    const said = await verify(genuine.folder, '--anchor', worm, '--tsa-ca', join(folder, 'tsa.pem'));
    expect(said).toMatchObject({ code: 0, stderr: '' });
    expect(said.stdout).toMatch(/1 checkpoints kept elsewhere agree, up to entry \d+/);
    expect(said.stdout).toMatch(/time stamped up to entry \d+ at \S+ by CN=Test Stamps$/m);
    const without = await verify(genuine.folder);
    expect(without.stdout).toMatch(/that the log is the one anchored at bucket, share|share, bucket/);
    expect(without.stdout).toContain('that the time stamping authorities are real');
  });
});

describe('what somebody with the log’s key, the database and the gateway does, is caught', () => {
  const ghost = (leaves: string[]) => leaves.map((leaf) => leaf.replace('"robot"', '"ghost"'));

  test('a history rewritten after it was anchored', async () => {
    const files = genuine.copy();
    rewrite(files, await stealKey(api), ghost);
    files.write(ANCHORS, '');
    files.fixManifest();
    // With the key alone everything is signed anew and believed.
    expect(await verify(files.folder)).toMatchObject({ code: 0 });
    const { code, stderr } = await verify(files.folder, '--anchor', worm);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /entry \d+: it has another root for the first \d+ entries: .* was rewritten after it was anchored/,
    );
    files.remove();
  });

  test('the same, with the old time stamp beside it', async () => {
    const files = genuine.copy();
    rewrite(files, await stealKey(api), ghost);
    expect((await verify(files.folder)).stderr).toMatch(
      /anchors.ndjson: the time stamp of checkpoint \d+ by stamps: it is of another text/,
    );
    files.remove();
  });

  test('a tail that was cut off behind what is anchored', async () => {
    expect(await run('audit', 'anchor')).toMatchObject({ code: 0 });
    const { code, stderr } = await verify(genuine.folder, '--anchor', worm);
    expect(code).toBe(1);
    expect(stderr).toMatch(/entry \d+: it covers \d+ entries, and the export has \d+: the rest was cut off/);
  });

  test('a time stamp by somebody else', async () => {
    const other = await TimeStampingAuthority.start();
    writeFileSync(join(folder, 'other.pem'), other.pem);
    expect((await verify(genuine.folder, '--tsa-ca', join(folder, 'other.pem'))).stderr).toMatch(
      /it does not lead to an authority that you gave/,
    );
    await other.stop();
  });

  test('an anchor that holds no checkpoint, or a forged one', async () => {
    const forged = join(folder, 'forged');
    const [file = ''] = readdirSync(worm);
    writeFileSync(forged, readFileSync(join(worm, file), 'utf8').replace(/\n\d+\n/, '\n3\n'));
    expect((await verify(genuine.folder, '--anchor', forged)).stderr).toMatch(/its signature by .* is wrong/);
    writeFileSync(forged, 'hello');
    expect((await verify(genuine.folder, '--anchor', forged)).stderr).toMatch(
      /holds no checkpoint of the log/,
    );
  });
});

describe('an anchor that does not do its work is an alarm, shown and recorded once', () => {
  const problem = async (name: string) => {
    const status = JSON.parse((await run('audit', 'anchor', '--json')).stdout);
    return status.anchors.find((anchor: { name: string }) => anchor.name === name)?.problem;
  };

  test('a bucket without object lock', async () => {
    store.locks = false;
    await calls(20, 1);
    expect(await problem('bucket')).toMatch(/is not locked: the bucket audit must have object lock/);
    store.locks = true;
    await calls(21, 1);
    expect(await problem('bucket')).toBeUndefined();
    expect(
      (await kinds('log.anchor_failed')).filter(({ fields }) => fields?.anchor === 'bucket'),
    ).toHaveLength(1);
  });

  test('a key that the store does not know', async () => {
    writeFileSync(join(folder, 'secret'), 'another');
    await calls(30, 1);
    expect(await problem('bucket')).toMatch(/answered 403 \(SignatureDoesNotMatch\)/);
    writeFileSync(join(folder, 'secret'), store.secretKey);
  });

  test('an authority that refuses, or stamps something else', async () => {
    authority.grants = false;
    await calls(40, 1);
    expect(await problem('stamps')).toMatch(/no stamp \(status 2\)/);
    authority.grants = true;
    authority.tamper = (imprint) => imprint.toReversed();
    await calls(41, 1);
    expect(await problem('stamps')).toMatch(/of another checkpoint/);
    authority.tamper = (imprint) => imprint;
  });

  test('a folder where something else lies, or that is gone', async () => {
    await calls(50, 1);
    const moved = join(folder, 'moved');
    const { renameSync } = await import('node:fs');
    renameSync(worm, moved);
    expect(await problem('share')).toMatch(/ENOENT/);
    renameSync(moved, worm);
    expect(await problem('share')).toBeUndefined();
    for (const file of readdirSync(worm)) expect(() => chmodSync(join(worm, file), 0o444)).not.toThrow();
  });
});
