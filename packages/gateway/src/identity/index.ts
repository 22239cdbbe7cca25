import type { Clock } from '@sallyport/shared/clock';
import type { Kysely } from 'kysely';
import type { Logger } from 'winston';
import { TokenIdentity } from './identity.ts';
import { RELOAD_MS } from './limits.ts';
import { type TokenDatabase, TokenTableAccess } from './tokens.ts';
import type { Identity } from './types.ts';

export { IdentityError, type IdentityErrorCode } from './errors.ts';
export type { Account, Authentication, Identity, Principal, RefusalCode, TokenInfo } from './types.ts';

/** What identity needs of the store. */
export interface IdentityStore<D extends TokenDatabase> {
  readonly db: Kysely<D>;
  readonly pool: { query(text: string, values: readonly unknown[]): Promise<unknown> };
  listen(channel: string, onNotice: (payload: string) => void, onGap: () => void): Promise<void>;
}

const CHANNEL = 'sallyport_tokens';

/**
 * Loads the tokens and keeps them current: by notice from other replicas, after a gap in the notices, and every
 * second, so that a revocation is in force everywhere in about a second whatever is lost.
 */
export async function openIdentity<D extends TokenDatabase>(options: {
  store: IdentityStore<D>;
  clock: Clock;
  logger: Logger;
}): Promise<Identity> {
  const { store, clock, logger } = options;
  // Cast: Kysely's type parameter is invariant; this room touches its own table alone.
  const table = new TokenTableAccess(store.db as unknown as Kysely<TokenDatabase>);
  let timer: NodeJS.Timeout | undefined;
  const identity = new TokenIdentity({
    table,
    clock,
    announce: async () => {
      await store.pool.query('SELECT pg_notify($1, $2)', [CHANNEL, '']);
    },
    stop: async () => clearInterval(timer),
  });
  let reading = false;
  let readAgain = false;
  const reload = async () => {
    // What is told during a reading may not be in it: read once more behind it.
    readAgain = true;
    if (reading) return;
    reading = true;
    while (readAgain) {
      readAgain = false;
      try {
        await identity.reload();
      } catch (thrown) {
        // Without the database no call is recorded, so none is made: old tokens in memory open nothing.
        logger.debug('tokens not read', { error: String(thrown) });
      }
    }
    reading = false;
  };
  await store.listen(CHANNEL, reload, reload);
  await identity.reload();
  timer = setInterval(reload, RELOAD_MS);
  timer.unref();
  return identity;
}
