import { systemClock } from '@sallyport/shared/clock';
import fc from 'fast-check';
import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';
import { type Account, type Identity, openIdentity } from '../../src/identity/index.ts';
import { openStore } from '../../src/store/index.ts';
import { quietLogger as logger, testDatabase } from '../store/postgres.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const robot: Account = { name: 'robot', groups: ['engineers'], roles: ['user'], disabled: false };
const HOUR_MS = 3_600_000;
const request = { serviceAccount: 'robot', expiresInMs: HOUR_MS, createdBy: 'test' };

async function freshDatabase(): Promise<string> {
  const { url, drop } = await testDatabase();
  closing.push(drop);
  return url;
}

async function open(url?: string): Promise<{ identity: Identity; url: string; later(ms: number): void }> {
  const databaseUrl = url ?? (await freshDatabase());
  const store = await openStore({ databaseUrl, logger });
  closing.push(() => store.close());
  let offsetMs = 0;
  const clock = { now: () => systemClock.now() + offsetMs, monotonicMs: systemClock.monotonicMs };
  const identity = await openIdentity({ store, clock, logger });
  closing.push(() => identity.close());
  identity.useAccounts([robot]);
  return {
    identity,
    url: databaseUrl,
    later: (ms) => {
      offsetMs += ms;
    },
  };
}

async function client(url: string): Promise<Client> {
  const made = new Client({ connectionString: url });
  await made.connect();
  closing.push(() => made.end());
  return made;
}

async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a token is its account, with its groups and roles, and only its hash is stored', async () => {
  const { identity, url } = await open();
  const { token, id, expiresAt } = await identity.createToken(request);
  expect(token).toMatch(/^sp_[0-9A-Z]{20}_[A-Za-z0-9_-]{43}$/);
  expect(id).toBe(`tok_${token.slice(3, 23)}`);
  expect(identity.authenticate(`Bearer ${token}`)).toEqual({
    ok: true,
    principal: { kind: 'service-account', name: 'robot', groups: ['engineers'], roles: ['user'] },
    tokenId: id,
    expiresAt: Date.parse(expiresAt),
  });
  expect(identity.authenticate(`bEARER ${token}`).ok).toBe(true);
  const { rows } = await (await client(url)).query('SELECT to_json(tokens)::text AS text FROM tokens');
  expect(rows).toHaveLength(1);
  expect(rows[0].text).not.toContain(token.slice(24));
});

test('each refusal has its code, the first that applies', async () => {
  const { identity, later } = await open();
  const { token, id } = await identity.createToken(request);
  const other = await identity.createToken(request);
  const refused = (header: string | undefined) => identity.authenticate(header);
  expect(refused(undefined)).toEqual({ ok: false, code: 'missing' });
  expect(refused('')).toEqual({ ok: false, code: 'missing' });
  for (const header of [
    token,
    ` Bearer ${token}`,
    `Bearer ${token} `,
    `Bearer ${token}, Bearer ${token}`,
    `Basic ${token}`,
    `Bearer ${token}=`,
    `Bearer ${token.toLowerCase()}`,
    `Bearer ${token}\n`,
  ]) {
    expect({ header, ...refused(header) }).toEqual({ header, ok: false, code: 'malformed' });
  }
  const wrong = `Bearer ${token.slice(0, 24)}${other.token.slice(24)}`;
  expect(refused(wrong)).toEqual({ ok: false, code: 'unknown' });
  expect(refused(`Bearer sp_${'0'.repeat(20)}_${token.slice(24)}`)).toEqual({ ok: false, code: 'unknown' });
  const header = `Bearer ${token}`;
  identity.useAccounts([{ ...robot, disabled: true }]);
  expect(refused(header)).toEqual({ ok: false, code: 'disabled', tokenId: id });
  identity.useAccounts([]);
  expect(refused(header)).toEqual({ ok: false, code: 'disabled', tokenId: id });
  await identity.revokeToken(id);
  expect(refused(header)).toEqual({ ok: false, code: 'revoked', tokenId: id });
  later(HOUR_MS + 1_000);
  expect(refused(`Bearer ${other.token}`)).toEqual({ ok: false, code: 'expired', tokenId: other.id });
});

test('no header of a stranger is anybody', async () => {
  const { identity } = await open();
  const { token } = await identity.createToken(request);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `Bearer ${text}`),
        // One character of the right token changed.
        fc
          .tuple(fc.nat(token.length - 1), fc.constantFrom(...'AZaz09_-'))
          .map(([at, letter]) => `Bearer ${token.slice(0, at)}${letter}${token.slice(at + 1)}`)
          .filter((header) => header !== `Bearer ${token}`),
      ),
      (header) => !identity.authenticate(header).ok,
    ),
    { numRuns: 500 },
  );
});

test('replicas know of a new token and of a revoked one, and say once that it was revoked', async () => {
  const one = await open();
  const two = await open(one.url);
  const told: string[] = [];
  two.identity.onRevoked((id) => told.push(id));
  const { token, id } = await one.identity.createToken(request);
  await eventually(() => two.identity.authenticate(`Bearer ${token}`).ok);
  await one.identity.revokeToken(id);
  await one.identity.revokeToken(id);
  expect(one.identity.authenticate(`Bearer ${token}`)).toMatchObject({ code: 'revoked' });
  await eventually(() => told.length > 0);
  expect(two.identity.authenticate(`Bearer ${token}`)).toMatchObject({ code: 'revoked' });
  const another = await one.identity.createToken(request);
  await eventually(() => two.identity.authenticate(`Bearer ${another.token}`).ok);
  expect(told).toEqual([id]);
});

test('what was missed while the connection was away is made up for', async () => {
  const { identity, url } = await open();
  const { token, id } = await identity.createToken(request);
  const gone = await identity.createToken(request);
  const told: string[] = [];
  identity.onRevoked((tokenId) => told.push(tokenId));
  const outsider = await client(url);
  // Without notices, and then the connection that would have got them is cut.
  await outsider.query('UPDATE tokens SET revoked_at = now() WHERE id = $1', [id]);
  await outsider.query('DELETE FROM tokens WHERE id = $1', [gone.id]);
  await outsider.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await eventually(() => told.length === 2);
  expect(told.sort()).toEqual([id, gone.id].sort());
  expect(identity.authenticate(`Bearer ${token}`)).toMatchObject({ code: 'revoked' });
  expect(identity.authenticate(`Bearer ${gone.token}`)).toMatchObject({ code: 'unknown' });
});

test('an account that is disabled or gone ends its tokens, and coming back gives them back', async () => {
  const { identity } = await open();
  const { token, id } = await identity.createToken(request);
  const told: string[] = [];
  identity.onRevoked((tokenId) => told.push(tokenId));
  identity.useAccounts([robot]);
  expect(told).toEqual([]);
  identity.useAccounts([{ ...robot, disabled: true }]);
  expect(told).toEqual([id]);
  identity.useAccounts([]);
  expect(told).toEqual([id]);
  identity.useAccounts([{ ...robot, groups: ['other'] }]);
  expect(identity.authenticate(`Bearer ${token}`)).toMatchObject({
    ok: true,
    principal: { groups: ['other'] },
  });
});

test('tokens are listed without their text and survive a restart', async () => {
  const { identity, url } = await open();
  const { token, ...info } = await identity.createToken(request);
  const revoked = await identity.createToken(request);
  await identity.revokeToken(revoked.id);
  const again = await open(url);
  const listed = await again.identity.listTokens();
  expect(listed.find((each) => each.id === info.id)).toEqual(info);
  expect(listed.find((each) => each.id === revoked.id)).toHaveProperty('revokedAt');
  expect(listed).toHaveLength(2);
  expect(again.identity.authenticate(`Bearer ${token}`).ok).toBe(true);
});

test('a life that is none, or too long, is refused; an unknown token is not revoked', async () => {
  const { identity } = await open();
  for (const expiresInMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 367 * 24 * HOUR_MS]) {
    await expect(identity.createToken({ ...request, expiresInMs })).rejects.toMatchObject({
      code: 'invalid',
    });
  }
  expect(await identity.revokeToken('tok_nobody')).toBeUndefined();
});
