import {
  newSeed,
  SIGNATURE_TYPE,
  type SigningKey,
  signingKey,
  type VerifierKey,
} from '@sallyport/shared/merkle';
import type { Sealer, Store } from '../../store/index.ts';

/**
 * The log's key in its two uses, which have two ids (C2SP signed-note): the checkpoint's own signature, and a
 * cosignature that also signs the time.
 */
export interface SigningKeys {
  readonly note: SigningKey;
  readonly time: SigningKey;
}

/** Their public halves. */
export interface LogKeys {
  readonly note: VerifierKey;
  readonly time: VerifierKey;
}

/** C2SP tlog-checkpoint: the key's name is the origin. */
export function signingKeys(origin: string, seed: Uint8Array): SigningKeys {
  return {
    note: signingKey(origin, seed, SIGNATURE_TYPE.ed25519),
    time: signingKey(origin, seed, SIGNATURE_TYPE.cosignature),
  };
}

/**
 * Opens the slot's Ed25519 key, sealed with the master key. The first gateway that owns the slot makes it; the first
 * writer of a name wins and nothing changes the row.
 *
 * @throws StoreError `key_mismatch` with the id of the master key it needs, or `sealed_damaged`.
 */
export async function openSigningKeys(
  store: Store,
  sealer: Sealer,
  slot: number,
  origin: string,
): Promise<SigningKeys> {
  const name = `audit-signer/${slot}`;
  let sealed = await loadSealed(store, name);
  if (sealed === undefined) {
    await store.pool.query(
      'INSERT INTO sealed_keys (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING',
      [name, sealer.seal(name, newSeed())],
    );
    sealed = await loadSealed(store, name);
  }
  if (sealed === undefined) throw new Error(`the sealed key ${name} was not stored`);
  return signingKeys(origin, sealer.unseal(name, sealed));
}

async function loadSealed(store: Store, name: string): Promise<Buffer | undefined> {
  const { rows } = await store.pool.query<{ sealed: Buffer }>(
    'SELECT sealed FROM sealed_keys WHERE name = $1',
    [name],
  );
  return rows[0]?.sealed;
}
