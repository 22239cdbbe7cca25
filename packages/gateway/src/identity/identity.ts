import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '@sallyport/shared/clock';
import { IdentityError } from './errors.ts';
import { HEADER_MAX_CHARACTERS, LIFETIME_MAX_MS, REMEMBERED_MAX } from './limits.ts';
import { makeToken, readToken } from './token-text.ts';
import type { KnownToken, TokenTableAccess } from './tokens.ts';
import type { Account, Authentication, Identity, Principal, TokenInfo } from './types.ts';

const BEARER = /^bearer +([^\s,]+)$/i;
/** Compared against where no token has the id, so that an unknown id takes as long as a wrong secret. */
const NO_HASH = Buffer.alloc(32);

/** Tokens and accounts in memory, kept current by whoever calls `reload`. */
export class TokenIdentity implements Identity {
  readonly #table: TokenTableAccess;
  readonly #clock: Clock;
  readonly #announce: () => Promise<void>;
  readonly #stop: () => Promise<void>;
  #tokens: ReadonlyMap<string, KnownToken> = new Map();
  #principals: ReadonlyMap<string, Principal | 'disabled'> = new Map();
  /** Header text → token whose secret it was seen to hold. Validity is looked up on every request. */
  readonly #proven = new Map<string, string>();
  readonly #listeners: ((tokenId: string) => void)[] = [];

  constructor(options: {
    table: TokenTableAccess;
    clock: Clock;
    /** Tells the other replicas that the table has changed. */
    announce: () => Promise<void>;
    stop: () => Promise<void>;
  }) {
    this.#table = options.table;
    this.#clock = options.clock;
    this.#announce = options.announce;
    this.#stop = options.stop;
  }

  authenticate(authorization: string | undefined): Authentication {
    if (authorization === undefined || authorization === '') return { ok: false, code: 'missing' };
    const proven = this.#proven.get(authorization);
    if (proven !== undefined) return this.#validity(this.#tokens.get(proven), proven);
    if (authorization.length > HEADER_MAX_CHARACTERS) return { ok: false, code: 'malformed' };
    const text = BEARER.exec(authorization)?.[1];
    const token = text === undefined ? undefined : readToken(text);
    if (token === undefined) return { ok: false, code: 'malformed' };
    const known = this.#tokens.get(token.id);
    const matches = timingSafeEqual(token.secretHash, known?.secretHash ?? NO_HASH);
    if (known === undefined || !matches) return { ok: false, code: 'unknown' };
    if (this.#proven.size >= REMEMBERED_MAX) this.#proven.clear();
    this.#proven.set(authorization, known.id);
    return this.#validity(known, known.id);
  }

  useAccounts(accounts: readonly Account[]): void {
    const before = this.#validIds();
    this.#principals = new Map(
      accounts.map(({ name, groups, roles, disabled }): [string, Principal | 'disabled'] => [
        name,
        disabled ? 'disabled' : { kind: 'service-account', name, groups: [...groups], roles: [...roles] },
      ]),
    );
    this.#tellRevoked(before);
  }

  async createToken(request: {
    serviceAccount: string;
    expiresInMs: number;
    createdBy: string;
  }): Promise<TokenInfo & { token: string }> {
    const { serviceAccount, expiresInMs, createdBy } = request;
    if (!(expiresInMs > 0 && expiresInMs <= LIFETIME_MAX_MS)) {
      throw new IdentityError('invalid', 'A token lives for more than nothing and at most 366 days.');
    }
    const { id, token, secretHash } = makeToken();
    const now = this.#clock.now();
    const known = { id, serviceAccount, secretHash, expiresAt: now + expiresInMs, revoked: false };
    const info = await this.#table.insert(known, createdBy, now);
    this.#tokens = new Map(this.#tokens).set(id, known);
    await this.#announce();
    return { ...info, token };
  }

  async revokeToken(id: string): Promise<TokenInfo | undefined> {
    const info = await this.#table.revoke(id, this.#clock.now());
    await this.reload();
    await this.#announce();
    return info;
  }

  listTokens(): Promise<TokenInfo[]> {
    return this.#table.list();
  }

  onRevoked(listener: (tokenId: string) => void): void {
    this.#listeners.push(listener);
  }

  close(): Promise<void> {
    return this.#stop();
  }

  /**
   * Reads the table anew. What has been revoked elsewhere is told to the listeners. A reading that began before a
   * token was made or revoked here may end after it: the token stays, and what is revoked stays revoked.
   */
  async reload(): Promise<void> {
    const begun = this.#tokens;
    const current = await this.#table.current(this.#clock.now());
    const before = this.#validIds();
    const tokens = new Map(current.map((token) => [token.id, token]));
    for (const [id, known] of this.#tokens) {
      const read = tokens.get(id);
      if (read === undefined && !begun.has(id)) tokens.set(id, known);
      if (read !== undefined && known.revoked) tokens.set(id, known);
    }
    this.#tokens = tokens;
    this.#tellRevoked(before);
  }

  #validity(token: KnownToken | undefined, tokenId: string): Authentication {
    if (token === undefined) return { ok: false, code: 'unknown', tokenId };
    if (token.revoked) return { ok: false, code: 'revoked', tokenId };
    if (token.expiresAt <= this.#clock.now()) return { ok: false, code: 'expired', tokenId };
    const principal = this.#principals.get(token.serviceAccount);
    if (principal === undefined || principal === 'disabled') return { ok: false, code: 'disabled', tokenId };
    return { ok: true, principal, tokenId, expiresAt: token.expiresAt };
  }

  #validIds(): string[] {
    return [...this.#tokens.values()]
      .filter((token) => this.#validity(token, token.id).ok)
      .map((token) => token.id);
  }

  #tellRevoked(before: readonly string[]): void {
    for (const id of before) {
      if (this.#validity(this.#tokens.get(id), id).ok) continue;
      for (const listener of this.#listeners) listener(id);
    }
  }
}
