import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCheckpoint, parseNote, parseVerifierKey, verifyNote } from '@sallyport/shared/merkle';
import type { Audit, AuditOptions } from '../../src/audit/index.ts';
import { openSealer, type Store } from '../../src/store/index.ts';
import { temporaryFolder } from '../store/postgres.ts';
import { afterTest, auditOn } from './fixture.ts';

/** A signer's folder with a master key in it. */
export async function signerFolder(): Promise<string> {
  const folder = await temporaryFolder();
  afterTest(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Opens a log that is signed. */
export async function signedAudit(
  store: Store,
  folder: string,
  more: Partial<AuditOptions> & { graceMs?: number; masterKey?: string } = {},
): Promise<Audit> {
  const { graceMs, masterKey = 'master.key', ...options } = more;
  const sealer = await openSealer(join(folder, masterKey), { createIfMissing: true });
  const signer = { sealer, folder, ...(graceMs === undefined ? {} : { graceMs }) };
  return await auditOn(store, { signer, ...options });
}

/** What a checkpoint says, after its signatures were verified with the given keys. */
export function opened(note: string, keys: readonly string[]) {
  const parsed = parseNote(note);
  const verified = verifyNote(parsed, keys.map(parseVerifierKey));
  const timeSeconds = verified.flatMap((each) => each.timeSeconds ?? []);
  return { ...parseCheckpoint(parsed.text), signatures: verified.length, timeSeconds };
}
