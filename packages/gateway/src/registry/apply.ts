import { errorText } from '@sallyport/shared/errors';
import { CommitUnknown, commitSurely, type Store } from '../store/index.ts';
import { RegistryError } from './errors.ts';
import type { Prepared } from './plan.ts';
import { loadSnapshot, type Queryable } from './snapshot.ts';
import type { Change, Changer, Snapshot } from './types.ts';

/** An entry of the registry's for the audit log: `config.change`, or `config.failed` behind one. */
export interface RegistryEntry {
  readonly kind: 'config.change' | 'config.failed';
  readonly actor: { readonly kind: Changer['kind']; readonly name: string; readonly token?: string };
  readonly source?: { readonly ip: string };
  readonly control: readonly string[];
  readonly fields: { readonly [name: string]: string | number | undefined };
}

/** Makes an entry durable, or rejects. */
export type RecordEntry = (entry: RegistryEntry) => Promise<{ readonly id: string }>;

/** Channel of the notice that the version has grown; its payload is the version. */
export const CHANNEL = 'sallyport_registry';

const UPSERT = `
  INSERT INTO documents (kind, name, spec, digest, updated_at, updated_by) VALUES ($1, $2, $3, $4, now(), $5)
  ON CONFLICT (kind, name) DO UPDATE
  SET spec = excluded.spec, digest = excluded.digest, updated_at = excluded.updated_at, updated_by = excluded.updated_by`;

type ConnectedClient = Queryable & { release(error?: boolean): void };

/**
 * Makes prepared changes in one transaction against the version they were planned for.
 *
 * The order is: lock the version, write, record, commit. While the entries are recorded the changes wait uncommitted,
 * so a change that cannot be recorded does not happen; and should the commit then fail, a `config.failed` entry
 * behind each says that it did not.
 *
 * @throws RegistryError `conflict` or `unavailable`.
 */
export async function applyChanges(
  store: Store,
  record: RecordEntry,
  baseVersion: number,
  prepared: Prepared,
  changer: Changer,
): Promise<Snapshot> {
  const client: ConnectedClient = await store.pool.connect().catch((cause: unknown) => {
    throw unavailable('The database does not answer; nothing was changed.', cause);
  });
  const recorded: { readonly id: string }[] = [];
  let released = false;
  const release = (broken: boolean): void => {
    if (!released) client.release(broken);
    released = true;
  };
  let broken = false;
  try {
    await client.query('BEGIN');
    await lockVersion(client, baseVersion);
    for (const { change, document } of prepared) {
      if (document === undefined) {
        await client.query('DELETE FROM documents WHERE kind = $1 AND name = $2', [change.kind, change.name]);
      } else {
        const values = [change.kind, change.name, JSON.stringify(document.spec), change.after, changer.name];
        await client.query(UPSERT, values);
      }
    }
    const version = baseVersion + 1;
    await client.query('UPDATE registry_version SET version = $1', [version]);
    await client.query('SELECT pg_notify($1, $2)', [CHANNEL, String(version)]);
    const snapshot = await loadSnapshot(client);
    await recordAll(record, prepared, changer, version, recorded);
    await commitSurely(store.pool, client, () => release(true)); // the commit point
    return snapshot;
  } catch (error) {
    if (!released)
      await client.query('ROLLBACK').catch(() => {
        broken = true;
      });
    // Whether an unanswered commit took effect is not known, so the log does not claim that it failed.
    if (!(error instanceof CommitUnknown)) await recordFailure(record, recorded, changer);
    if (error instanceof RegistryError) throw error;
    if (error instanceof CommitUnknown) {
      throw unavailable(
        'The database went away while the change was made; look whether it is in force.',
        error.cause,
      );
    }
    throw unavailable('The change could not be made; nothing was changed.', error);
  } finally {
    release(broken);
  }
}

/** The lock on the one row makes changes take turns, on all replicas. */
async function lockVersion(client: Queryable, baseVersion: number): Promise<void> {
  const { rows } = await client.query<{ version: string }>('SELECT version FROM registry_version FOR UPDATE');
  const version = Number(rows[0]?.version);
  if (version === baseVersion) return;
  throw new RegistryError(
    'conflict',
    `The configuration has changed meanwhile (version ${version}, planned for ${baseVersion}). Plan again and apply that.`,
  );
}

async function recordAll(
  record: RecordEntry,
  prepared: Prepared,
  changer: Changer,
  version: number,
  recorded: { readonly id: string }[],
): Promise<void> {
  // Side by side, so that the log writes them in one flush; all are waited for, also when one is refused.
  const results = await Promise.allSettled(
    prepared.map(({ change }) => record(entryOf(change, changer, version))),
  );
  for (const result of results) if (result.status === 'fulfilled') recorded.push(result.value);
  const refused = results.find((result) => result.status === 'rejected');
  if (refused !== undefined) {
    throw unavailable(
      'The change could not be recorded in the audit log, so nothing was changed.',
      refused.reason,
    );
  }
}

function entryOf(change: Change, changer: Changer, version: number): RegistryEntry {
  const { kind, name, effect, before, after } = change;
  return {
    ...entryBy(changer),
    kind: 'config.change',
    fields: { kind, name, effect, before, after, version },
  };
}

/** Entries stand in the log for changes that were rolled back: say so behind them, if the log can be written. */
async function recordFailure(
  record: RecordEntry,
  recorded: readonly { readonly id: string }[],
  changer: Changer,
): Promise<void> {
  const entries = recorded.map(
    ({ id }): RegistryEntry => ({ ...entryBy(changer), kind: 'config.failed', fields: { entry: id } }),
  );
  await Promise.allSettled(entries.map(record));
}

function entryBy(changer: Changer): Pick<RegistryEntry, 'actor' | 'source' | 'control'> {
  const { kind, name, token, sourceIp } = changer;
  return {
    actor: { kind, name, ...(token === undefined ? {} : { token }) },
    ...(sourceIp === undefined ? {} : { source: { ip: sourceIp } }),
    control: ['PCI 10.2.1.5'],
  };
}

function unavailable(message: string, cause: unknown): RegistryError {
  return new RegistryError('unavailable', `${message} Try again in a moment.`, {
    cause,
    detail: errorText(cause),
  });
}
