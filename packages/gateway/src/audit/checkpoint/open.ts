import { consistencyProof } from '@sallyport/shared/merkle';
import type { Sealer, Store } from '../../store/index.ts';
import { SIGNER_GRACE_MS } from '../limits.ts';
import type { Query } from '../tree/levels.ts';
import { nodeReader } from '../tree/nodes.ts';
import { Checkpointer, type CheckpointerOptions } from './checkpointer.ts';
import { OwnRecord } from './own-record.ts';
import { RemoteSigner } from './remote-signer.ts';
import { type LogSigner, type Prove, Signer } from './signer.ts';
import { openSigningKeys } from './signing-keys.ts';
import { keepCheckpoint, newestCheckpoint } from './table.ts';

export interface SignerOptions {
  /** Opens the signer's key. */
  readonly sealer: Sealer;
  /** Where the signer keeps its own record, outside the database. */
  readonly folder: string;
  /** Socket of a signer that runs as a process of its own; then the key and its record are there alone. */
  readonly socket?: string;
  /** Milliseconds that calls may go on without a checkpoint; 5 minutes by default. */
  readonly graceMs?: number;
}

/** @throws AuditError `signer_state`, StoreError `key_mismatch`. */
export async function openSigner(
  options: SignerOptions,
  log: { readonly store: Store; readonly slot: number; readonly origin: string },
): Promise<LogSigner> {
  if (options.socket !== undefined) return await RemoteSigner.open(options.socket, log);
  const keys = await openSigningKeys(log.store, options.sealer, log.slot, log.origin);
  return await Signer.open(log.store, log.slot, keys, new OwnRecord(options.folder, log.slot));
}

/** Reads proofs from the database. */
export function proverOf(store: Store, slot: number): Prove {
  const query: Query = (text, values) => store.pool.query(text, values);
  return (earlier, size) => consistencyProof(earlier, size, nodeReader(query, slot, size));
}

/** A checkpointer that reads proofs from the database. */
export async function openCheckpointer(
  signer: LogSigner,
  {
    store,
    slot,
    graceMs,
  }: { readonly store: Store; readonly slot: number; readonly graceMs: number | undefined },
  rest: Pick<CheckpointerOptions, 'clock' | 'logger' | 'head' | 'record' | 'onSigned' | 'onKept'>,
): Promise<Checkpointer> {
  return new Checkpointer({
    signer,
    newest: await newestCheckpoint(store, slot),
    graceMs: graceMs ?? SIGNER_GRACE_MS,
    prove: proverOf(store, slot),
    keep: (signed) => keepCheckpoint(store, slot, signed),
    ...rest,
  });
}
