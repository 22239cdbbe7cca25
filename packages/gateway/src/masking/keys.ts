import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

/** What this room needs of the store and of the master key. */
export interface KeyStore {
  query<R extends object>(text: string, values: unknown[]): Promise<{ rows: R[] }>;
}
export interface KeySealer {
  seal(name: string, plaintext: Uint8Array): Buffer;
  /** @throws where it was sealed with another key, or changed */
  unseal(name: string, sealed: Uint8Array): Buffer;
}

export interface MaskingKeys {
  /** Ed25519: rules are signed with it, and agents pin its public half. */
  readonly signing: KeyObject;
  readonly publicDer: Buffer;
  /** 32 bytes: rules that hash are keyed with it. */
  readonly hash: Buffer;
}

// Of two replicas that start at once on an empty table one inserts, and both read what it inserted.
const KEEP = 'INSERT INTO masking_keys (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING';
const READ = 'SELECT sealed FROM masking_keys WHERE name = $1';

/** Reads the room's keys, and makes them where there are none. @throws where they can't be unsealed */
export async function openKeys(store: KeyStore, sealer: KeySealer): Promise<MaskingKeys> {
  const der = await keep(store, sealer, 'masking-rules-key', () =>
    generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' }),
  );
  const signing = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicDer = createPublicKey(signing).export({ format: 'der', type: 'spki' });
  const hash = await keep(store, sealer, 'masking-hash-key', () => randomBytes(32));
  return { signing, publicDer, hash };
}

async function keep(store: KeyStore, sealer: KeySealer, name: string, make: () => Buffer): Promise<Buffer> {
  const before = await store.query<{ sealed: Buffer }>(READ, [name]);
  const found = before.rows[0];
  if (found !== undefined) return sealer.unseal(name, found.sealed);
  await store.query(KEEP, [name, sealer.seal(name, make())]);
  const { rows } = await store.query<{ sealed: Buffer }>(READ, [name]);
  if (rows[0] === undefined) throw new Error(`the key ${name} was not kept`);
  return sealer.unseal(name, rows[0].sealed);
}
