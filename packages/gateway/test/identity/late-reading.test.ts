import { systemClock } from '@sallyport/shared/clock';
import type { Kysely } from 'kysely';
import { expect, test } from 'vitest';
import { TokenIdentity } from '../../src/identity/identity.ts';
import { type KnownToken, type TokenDatabase, TokenTableAccess } from '../../src/identity/tokens.ts';
import { openStore } from '../../src/store/index.ts';
import { quietLogger as logger, testDatabase } from '../store/postgres.ts';

/** The real table, whose next answer is kept back until it is let go. */
class KeptBackTable extends TokenTableAccess {
  #gate: Promise<void> | undefined;

  keepBack(): () => void {
    const gate = Promise.withResolvers<void>();
    this.#gate = gate.promise;
    return gate.resolve;
  }

  override async current(now: number): Promise<KnownToken[]> {
    const gate = this.#gate;
    this.#gate = undefined;
    const rows = await super.current(now);
    await gate;
    return rows;
  }
}

test('a reading that began before a token was made or revoked does not undo it when it ends after', async () => {
  const { url, drop } = await testDatabase();
  const store = await openStore({ databaseUrl: url, logger });
  // Cast: Kysely's type parameter is invariant; only the tokens table is touched.
  const table = new KeptBackTable(store.db as unknown as Kysely<TokenDatabase>);
  const nothing = async (): Promise<void> => undefined;
  const identity = new TokenIdentity({ table, clock: systemClock, announce: nothing, stop: nothing });
  identity.useAccounts([{ name: 'robot', groups: [], roles: [], disabled: false }]);
  const request = { serviceAccount: 'robot', expiresInMs: 60_000, createdBy: 'test' };
  const told: string[] = [];
  identity.onRevoked((id) => told.push(id));

  // Each kept-back reading has its rows well before the change.
  const early = table.keepBack();
  const beforeMade = identity.reload();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const { id, token } = await identity.createToken(request);
  early();
  await beforeMade;
  expect(identity.authenticate(`Bearer ${token}`)).toMatchObject({ ok: true });

  const late = table.keepBack();
  const beforeRevoked = identity.reload();
  await new Promise((resolve) => setTimeout(resolve, 100));
  await identity.revokeToken(id);
  late();
  await beforeRevoked;
  expect(identity.authenticate(`Bearer ${token}`)).toMatchObject({ code: 'revoked' });
  expect(told).toEqual([id]);
  await store.close();
  await drop();
});
