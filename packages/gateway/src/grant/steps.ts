import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import { recordedStep, type Store } from '../store/index.ts';
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
 * One step of a grant, recorded before it is in force; where the commit fails behind the record, `grant.failed` says so.
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
  const onFailed = (grant: Grant, entries: readonly string[]): Promise<unknown> =>
    record(grantEntry('failed', grant, GATEWAY_ACTOR, { entries })).catch((error: unknown) =>
      logger.error('a grant that failed could not be recorded as such', {
        grant: grant.id,
        reason: errorText(error),
      }),
    );
  try {
    return await recordedStep(
      store.pool,
      record,
      async (db) => {
        const stepped = await work(db);
        return (
          stepped && {
            result: stepped.grant,
            entries: stepped.entries,
            notice: { channel: CHANNEL, payload: stepped.grant.id },
          }
        );
      },
      onFailed,
    );
  } catch (cause) {
    if (cause instanceof GrantError) throw cause;
    throw new GrantError(
      'unavailable',
      'The grant could not be changed now: the database or the audit log does not answer. Try again.',
      { cause, detail: errorText(cause) },
    );
  }
}
