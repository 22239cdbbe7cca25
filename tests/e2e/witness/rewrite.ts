import { checkpointText, Frontier, SIGNATURE_TYPE, signingKey, signNote } from '@sallyport/shared/merkle';
import { Client } from 'pg';
import type { RunningApi } from '../../../packages/gateway/test/admin/running-api.ts';
import { type Exported, HASHES } from '../../../packages/gateway/test/audit/exported.ts';

const CHECKPOINTS = 'checkpoints.ndjson';

/** The log's key, as whoever has the database and the master key has it. */
export async function stealKey(api: RunningApi): Promise<Uint8Array> {
  const client = new Client({ connectionString: api.databaseUrl });
  await client.connect();
  const { rows } = await client.query(`SELECT sealed FROM sealed_keys WHERE name = 'audit-signer/0'`);
  await client.end();
  return api.sealer.unseal('audit-signer/0', rows[0].sealed);
}

/** Another history, with everything that the log's key alone can make. */
export function rewrite(
  files: Exported,
  stolen: Uint8Array,
  change: (leaves: string[]) => readonly string[],
): void {
  files.forge(change);
  const tree = new Frontier();
  const leaves = files.lines(HASHES).map((hex) => Buffer.from(hex, 'hex'));
  const roots = [tree.root(), ...leaves.map((leaf) => (tree.append(leaf), tree.root()))];
  const origin = 'test/log/0';
  const keys = [SIGNATURE_TYPE.ed25519, SIGNATURE_TYPE.cosignature].map((type) =>
    signingKey(origin, stolen, type),
  );
  files.edit(CHECKPOINTS, (lines) =>
    lines.map((line) => {
      const { number, note } = JSON.parse(line);
      const size = Number(note.split('\n')[1]);
      const timeSeconds = Number(Buffer.from(note.trimEnd().split(' ').at(-1), 'base64').readBigUInt64BE(4));
      const text = checkpointText({ origin, size, root: roots[size] ?? Buffer.alloc(32) });
      return JSON.stringify({ number, note: signNote(text, keys, timeSeconds) });
    }),
  );
  files.fixManifest();
}
