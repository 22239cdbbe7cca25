import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningApi, startApi } from '../admin/running-api.ts';
import { runProgram } from '../cli/run-program.ts';
import { intent, outcome } from './draft.ts';
import { ENTRIES, Exported, HASHES, verify } from './exported.ts';
import { textOf, verifyInPage } from './in-page.ts';

let api: RunningApi;
let folder: string;
let genuine: Exported;
/** The seq of an entry in the middle, with others before and behind it that one checkpoint signs. */
let middle: number;

const run = (...args: string[]) =>
  runProgram(args, { env: { SALLYPORT_URL: api.url, SALLYPORT_TOKEN: api.token('auditor') }, cwd: folder });

async function exportTo(name: string): Promise<Exported> {
  const ended = await run('audit', 'export', '--out', name);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return new Exported(join(folder, name));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-export-'));
  api = await startApi();
  const { audit } = api.rooms;
  for (let call = 0; call < 20; call += 1) {
    const { seq } = await audit.record(intent(`cal_${call}`));
    if (call === 10) middle = seq;
    await audit.record(outcome(`cal_${call}`));
    if (call === 5 || call === 15) await audit.makeCheckpoint();
  }
  await audit.record(intent('cal_under_way'));
  genuine = await exportTo('genuine');
}, 60_000);

afterAll(async () => {
  await api.stop();
  rmSync(folder, { recursive: true });
});

test('what was exported is proven, by the keys in it and by the keys from elsewhere', async () => {
  const said = await verify(genuine.folder);
  expect(said).toMatchObject({ code: 0, stderr: '' });
  expect(said.stdout).toMatch(/^PROVEN: test\/log\/0$/m);
  expect(said.stdout).toMatch(/21 calls: 20 with an outcome, 0 indeterminate, 1 under way at the end/);
  const status = JSON.parse((await run('audit', 'status', '--json')).stdout);
  const keys = status.keys.flatMap((key: string) => ['--key', key]);
  const proven = JSON.parse((await verify(genuine.folder, '--json', ...keys)).stdout);
  const manifest = JSON.parse(genuine.read('MANIFEST.json'));
  expect(proven).toMatchObject({
    proven: true,
    keysGiven: true,
    entries: manifest.size,
    origin: 'test/log/0',
  });
  // The export contains the entry that records it.
  expect(JSON.parse(genuine.lines(ENTRIES)[manifest.export.seq] ?? '')).toMatchObject({
    kind: 'log.export',
    id: manifest.export.id,
    actor: { name: 'test-auditor' },
  });
});

test('a browser that has no Ed25519, or no Web Crypto at all, is told the same by the page', async () => {
  const said = await verify(genuine.folder);
  const bare = { webCrypto: false };
  expect(textOf(await verifyInPage([genuine.folder], bare))).toBe(said.stdout);
  const files = genuine.copy();
  files.edit('checkpoints.ndjson', (all) => all.with(1, (all[1] ?? '').replace(/\\n(\d+)\\n/, '\\n1\\n')));
  files.fixManifest();
  expect(textOf(await verifyInPage([files.folder], bare))).toMatch(
    /checkpoint 1: its signature by test\/log\/0 \([0-9a-f]{8}\) is wrong/,
  );
  files.remove();
});

interface Attack {
  readonly attack: (files: Exported) => void;
  /** The line that names file and entry. */
  readonly says: () => RegExp;
}

const swap = (lines: string[], a: number, b: number): string[] =>
  lines.map((line, at) => lines[at === a ? b : at === b ? a : at] ?? line);
const at =
  (problem: string, file = ENTRIES) =>
  () =>
    new RegExp(`^sallyport-verify: NOT PROVEN: ${file}: entry ${middle}: .*${problem}`, 'm');
const range = () =>
  new RegExp(
    `^sallyport-verify: NOT PROVEN: ${ENTRIES}: entry \\d+: one of the entries \\d+ to \\d+ is not what checkpoint \\d+ has signed`,
    'm',
  );
const rename = (leaf: string): string => leaf.replace('"robot"', '"ghost"');

const ATTACKS: Record<string, Attack> = {
  'an entry is edited': {
    attack: (files) => files.edit(ENTRIES, (all) => all.with(middle, rename(all[middle] ?? ''))),
    says: at('its hash is another'),
  },
  'an entry is edited, with its hash and the manifest': {
    attack: (files) => {
      files.forge((all) => all.with(middle, rename(all[middle] ?? '')));
      files.fixManifest();
    },
    says: range,
  },
  'an entry is written in another form of the same JSON': {
    attack: (files) => {
      files.forge((all) => all.with(middle, (all[middle] ?? '').replace('{', '{ ')));
      files.fixManifest();
    },
    says: at('not in canonical form'),
  },
  'an entry is deleted': {
    attack: (files) => {
      files.forge((all) => all.toSpliced(middle, 1));
      files.fixManifest();
    },
    says: at('removed, inserted or moved'),
  },
  'an entry is deleted and the others are numbered anew': {
    attack: (files) => {
      files.forge((all) =>
        all.toSpliced(middle, 2).map((leaf, seq) => leaf.replace(/"seq":\d+/, `"seq":${seq}`)),
      );
      files.fixManifest(files.lines(ENTRIES).length);
    },
    says: () =>
      /NOT PROVEN: checkpoints\.ndjson: checkpoint \d+: the last one covers \d+ entries, and the export has \d+/,
  },
  'two entries change places': {
    attack: (files) => {
      files.forge((all) => swap(all, middle, middle + 1));
      files.fixManifest();
    },
    says: at('removed, inserted or moved'),
  },
  'two entries change places and seqs': {
    attack: (files) => {
      files.forge((all) =>
        swap(all, middle - 2, middle).map((leaf, seq) => leaf.replace(/"seq":\d+/, `"seq":${seq}`)),
      );
      files.fixManifest();
    },
    says: () => /NOT PROVEN: entries\/000000000000\.ndjson: entry \d+: /,
  },
  'an entry is backdated': {
    attack: (files) => {
      files.forge((all) => all.with(middle, (all[middle] ?? '').replace(/"ts":"\d{4}/, '"ts":"2019')));
      files.fixManifest();
    },
    says: at('is before that of the entry before it'),
  },
  'an entry is inserted': {
    attack: (files) => {
      files.forge((all) => all.toSpliced(middle, 0, all[middle] ?? ''));
      files.fixManifest(files.lines(ENTRIES).length);
    },
    says: () => /NOT PROVEN: checkpoints\.ndjson: .*covers/,
  },
  'the tail is cut off with its checkpoints': {
    attack: (files) => {
      files.forge((all) => all.slice(0, middle));
      files.edit('checkpoints.ndjson', (all) => all.slice(0, -1));
      files.fixManifest(middle);
    },
    says: () =>
      /NOT PROVEN: checkpoints\.ndjson: checkpoint \d+: the last one covers \d+ entries, and the export has/,
  },
  'a file is cut': {
    attack: (files) => files.write(ENTRIES, files.read(ENTRIES).slice(0, -700)),
    says: () =>
      /NOT PROVEN: entries\/000000000000\.ndjson: (entry \d+: it is missing|it was cut in the middle)/,
  },
  'the second ending of a call is added': {
    attack: (files) => {
      files.forge((all) =>
        all.with(middle + 2, (all[middle + 1] ?? '').replace(/"seq":\d+/, `"seq":${middle + 2}`)),
      );
      files.fixManifest();
    },
    says: () => new RegExp(`entry ${middle + 2}: the call cal_10 has an ending already`),
  },
  'a hash is changed': {
    attack: (files) => files.edit(HASHES, (all) => all.with(middle, 'f'.repeat(64))),
    says: at('its hash is another'),
  },
  'a checkpoint is changed': {
    attack: (files) => {
      files.edit('checkpoints.ndjson', (all) =>
        all.with(1, (all[1] ?? '').replace(/\\n(\d+)\\n/, '\\n1\\n')),
      );
      files.fixManifest();
    },
    says: () =>
      /NOT PROVEN: checkpoints\.ndjson: checkpoint 1: its signature by test\/log\/0 \([0-9a-f]{8}\) is wrong/,
  },
  'a checkpoint is left out': {
    attack: (files) => {
      files.edit('checkpoints.ndjson', (all) => all.toSpliced(1, 1));
      files.fixManifest();
    },
    says: () => /NOT PROVEN: checkpoints\.ndjson: checkpoint 1: its line has number 2: one is missing/,
  },
  'a file is missing': {
    attack: (files) => rmSync(join(files.folder, HASHES)),
    says: () => /NOT PROVEN: entries\/000000000000\.hashes: it is missing/,
  },
  'a file is too many': {
    attack: (files) => files.write('entries/000000100000.ndjson', ''),
    says: () => /NOT PROVEN: entries\/000000100000\.ndjson: MANIFEST\.json does not know it/,
  },
  'the manifest is missing, as in an export that broke off': {
    attack: (files) => rmSync(join(files.folder, 'MANIFEST.json')),
    says: () => /NOT PROVEN: MANIFEST\.json: it is missing/,
  },
  'the note for the examiner is changed': {
    attack: (files) => files.edit('README.txt', (all) => [...all, 'All is well.']),
    says: () => /NOT PROVEN: README\.txt: it has \d+ bytes/,
  },
};

for (const [what, { attack, says }] of Object.entries(ATTACKS)) {
  test(`${what}: not proven, and the verifier says where`, async () => {
    const files = genuine.copy();
    try {
      attack(files);
      const ended = await verify(files.folder);
      expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(says()) });
    } finally {
      files.remove();
    }
  });
}

test('files of two exports, and keys of another log, are told apart', async () => {
  const other = await startApi();
  try {
    const begun = await other.call('POST', '/api/v1/audit/exports', { as: 'auditor' });
    const { keys } = begun.body;
    const withOthersKeys = await verify(genuine.folder, ...keys.flatMap((key: string) => ['--key', key]));
    expect(withOthersKeys.stderr).toMatch(/checkpoint 0: no key of the log has signed it/);
    const page = await other.call('GET', `/api/v1/audit/exports/${begun.body.id}/leaves`, { as: 'auditor' });
    const files = genuine.copy();
    files.edit(ENTRIES, (all) => all.with(0, page.body.items[0].leaf));
    expect((await verify(files.folder)).stderr).toMatch(
      /000000000000\.ndjson: entry 0: its text is not the one/,
    );
    files.remove();
  } finally {
    await other.stop();
  }
}, 60_000);

// Last: from here on the database is not what was signed.
test("what the database's superuser changes is not proven by a fresh export", async () => {
  const superuser = new Client({ connectionString: api.databaseUrl });
  await superuser.connect();
  try {
    await superuser.query('ALTER TABLE audit_entries DISABLE TRIGGER ALL');
    const rename = 'UPDATE audit_entries SET leaf = replace(leaf, $2, $3) WHERE seq = $1';
    await superuser.query(rename, [middle, '"robot"', '"ghost"']);
    const careless = await verify((await exportTo('after-the-first-attack')).folder);
    expect(careless).toMatchObject({ code: 1, stderr: expect.stringMatching(at('its hash is another')()) });

    await superuser.query(
      `UPDATE audit_entries SET leaf_hash = sha256('\\x00' || convert_to(leaf, 'UTF8')) WHERE seq = $1`,
      [middle],
    );
    // The signer notices as well; what it signed before can still be taken away.
    const ended = await run('audit', 'export', '--out', 'after-the-second-attack');
    expect(ended).toMatchObject({ code: 0, stderr: expect.stringMatching(/not those that were signed/) });
    const careful = await verify(join(folder, 'after-the-second-attack'));
    expect(careful).toMatchObject({ code: 1, stderr: expect.stringMatching(range()) });
    const status = await run('audit', 'status');
    expect(status).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/not signed for \d+ s: .*Calls go on/),
    });
  } finally {
    await superuser.end();
  }
});
