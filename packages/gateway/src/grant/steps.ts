import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import type { Store } from '../store/index.ts';
import { GATEWAY_ACTOR, type GrantEntry, grantEntry, type RecordGrantEntry } from './entries.ts';
import { GrantError } from './errors.ts';
import type { Queryable } from './table.ts';
import type { Grant } from './types.ts';

/** Channel of the notice that grants have changed. */
export const CHANNEL = 'sallyport_grants';

/** What one step of a grant comes to: the grant as it is then, and the entries that say so. */
export interface Stepped {
  readonly grant: Grant;
  readonly entries: readonly GrantEntry[];
}

/**
 * One step of a grant: the row is changed, the entries are made durable, then the change is committed. A step that
 * can't be recorded does not happen; where the commit fails behind the record, `grant.failed` says that it did not.
 *
 * @param work undefined where another was first: then nothing is changed or recorded.
 * @throws GrantError `unavailable`, and what `work` throws.
 */
export async function takeStep(
  {
    store,
    record,
    logger,
  }: { readonly store: Store; readonly record: RecordGrantEntry; readonly logger: Logger },
  work: (db: Queryable) => Promise<Stepped | undefined>,
): Promise<Grant | undefined> {
  const client = await store.pool.connect().catch((cause: unknown) => {
    throw unavailable(cause);
  });
  const recorded: { readonly id: string }[] = [];
  let stepped: Stepped | undefined;
  let broken = false;
  try {
    await client.query('BEGIN');
    stepped = await work(client);
    if (stepped === undefined) {
      await client.query('ROLLBACK');
      return undefined;
    }
    for (const entry of stepped.entries) recorded.push(await record(entry));
    await client.query('SELECT pg_notify($1, $2)', [CHANNEL, stepped.grant.id]);
    // The commit point. Until here nothing is in force.
    await client.query('COMMIT');
    return stepped.grant;
  } catch (cause) {
    await client.query('ROLLBACK').catch(() => {
      broken = true;
    });
    if (stepped !== undefined && recorded.length > 0) {
      const failed = grantEntry('failed', stepped.grant, GATEWAY_ACTOR, {
        entries: recorded.map(({ id }) => id),
      });
      await record(failed).catch((error: unknown) =>
        logger.error('a grant that failed could not be recorded as such', {
          grant: failed.grant,
          reason: errorText(error),
        }),
      );
    }
    throw cause instanceof GrantError ? cause : unavailable(cause);
  } finally {
    client.release(broken);
  }
}

function unavailable(cause: unknown): GrantError {
  return new GrantError(
    'unavailable',
    'The grant could not be changed now: the database or the audit log does not answer. Try again.',
    {
      cause,
      detail: errorText(cause),
    },
  );
}
