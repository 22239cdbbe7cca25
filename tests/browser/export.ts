import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalJson } from '@sallyport/shared/canonical-json';
import {
  checkpointText,
  Frontier,
  leafHash,
  SIGNATURE_TYPE,
  signingKey,
  signNote,
  verifierKeyText,
} from '@sallyport/shared/merkle';

const ORIGIN = 'bank/log/0';
const BEGAN_MS = Date.parse('2026-01-05T08:00:00.000Z');
/** Entries in a file, as exports have them. */
const PART = 100_000;

/** What was written, and with which keys. */
export interface Written {
  readonly folder: string;
  readonly keys: readonly string[];
}

/** Writes an honest export, as a gateway would: half of the entries are intents, the others their outcomes. */
export function writeExport(folder: string, entries: number, checkpointEvery = 100): Written {
  const seed = randomBytes(32);
  const signing = [SIGNATURE_TYPE.ed25519, SIGNATURE_TYPE.cosignature].map((type) =>
    signingKey(ORIGIN, seed, type),
  );
  const keys = signing.map(verifierKeyText);
  const tree = new Frontier();
  const checkpoints: string[] = [];
  const files: object[] = [];
  const write = (path: string, lines: readonly string[], more: object = {}): void => {
    const text = lines.map((line) => `${line}\n`).join('');
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    const sha256 = createHash('sha256').update(text).digest('hex');
    files.push({ path, bytes: Buffer.byteLength(text), sha256, ...more });
  };
  const sign = (size: number): void => {
    const text = checkpointText({ origin: ORIGIN, size, root: tree.root() });
    const note = signNote(text, signing, Math.ceil(timeOf(size) / 1_000));
    checkpoints.push(JSON.stringify({ number: checkpoints.length, note }));
  };
  for (let from = 0; from < entries; from += PART) {
    const until = Math.min(from + PART, entries);
    const leaves: string[] = [];
    const hashes: string[] = [];
    for (let seq = from; seq < until; seq += 1) {
      const leaf = leafOf(seq);
      const hashed = leafHash(Buffer.from(leaf));
      tree.append(hashed);
      leaves.push(leaf);
      hashes.push(hashed.toString('hex'));
      if ((seq + 1) % checkpointEvery === 0 || seq + 1 === entries) sign(seq + 1);
    }
    const name = `entries/${String(from).padStart(12, '0')}`;
    write(`${name}.ndjson`, leaves, { entries: { from, until } });
    write(`${name}.hashes`, hashes);
  }
  write('checkpoints.ndjson', checkpoints);
  write('keys.txt', keys);
  writeFileSync(
    join(folder, 'MANIFEST.json'),
    JSON.stringify({ v: 1, origin: ORIGIN, size: entries, files }),
  );
  return { folder, keys };
}

function timeOf(seq: number): number {
  return BEGAN_MS + seq * 10;
}

function leafOf(seq: number): string {
  const call = `cal_${String(seq >> 1).padStart(20, '0')}`;
  const intent = seq % 2 === 0;
  return canonicalJson({
    v: 1,
    id: `ent_${String(seq).padStart(20, '0')}`,
    seq,
    origin: ORIGIN,
    ts: new Date(timeOf(seq)).toISOString(),
    kind: intent ? 'call.intent' : 'call.outcome',
    call,
    actor: { kind: 'service-account', name: `robot-${seq % 200}` },
    session: `ses_${String(seq % 5_000).padStart(20, '0')}`,
    server: `server-${seq % 20}`,
    tool: 'find_customer',
    ...(intent
      ? {
          request: { digest: 'a'.repeat(64), bytes: 240 },
          decision: { effect: 'allow', reasons: ['permitted'], policyVersion: 'b'.repeat(64) },
        }
      : {
          response: { digest: 'c'.repeat(64), bytes: 900 },
          outcome: { transport: 'unknown', rpc: 'result', tool: 'ok' },
        }),
  });
}
