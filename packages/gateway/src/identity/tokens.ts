import type { Kysely } from 'kysely';
import type { TokenInfo } from './types.ts';

/** What is kept of a token in memory. Times are milliseconds since 1970. */
export interface KnownToken {
  readonly id: string;
  readonly serviceAccount: string;
  readonly secretHash: Buffer;
  readonly expiresAt: number;
  readonly revoked: boolean;
}

interface TokenTable {
  id: string;
  service_account: string;
  secret_hash: Buffer;
  created_at: Date;
  created_by: string;
  expires_at: Date;
  revoked_at: Date | null;
}

/** The part of the database this room reads and writes. */
export interface TokenDatabase {
  tokens: TokenTable;
}

/** The tokens table: hashes, never a token's text. */
export class TokenTableAccess {
  readonly #db: Kysely<TokenDatabase>;

  constructor(db: Kysely<TokenDatabase>) {
    this.#db = db;
  }

  /** Those that have not expired; revoked ones too, so that the record can tell a revoked token from an unknown one. */
  async current(now: number): Promise<KnownToken[]> {
    const rows = await this.#db
      .selectFrom('tokens')
      .select(['id', 'service_account', 'secret_hash', 'expires_at', 'revoked_at'])
      // A day's grace: an expired token is told from an unknown one for as long as somebody may still try it.
      .where('expires_at', '>', new Date(now - 24 * 60 * 60 * 1000))
      .execute();
    return rows.map((row) => ({
      id: row.id,
      serviceAccount: row.service_account,
      secretHash: row.secret_hash,
      expiresAt: row.expires_at.getTime(),
      revoked: row.revoked_at !== null,
    }));
  }

  async insert(token: KnownToken, createdBy: string, createdAt: number): Promise<TokenInfo> {
    const row = {
      id: token.id,
      service_account: token.serviceAccount,
      secret_hash: token.secretHash,
      created_at: new Date(createdAt),
      created_by: createdBy,
      expires_at: new Date(token.expiresAt),
      revoked_at: null,
    };
    await this.#db.insertInto('tokens').values(row).execute();
    return infoOf(row);
  }

  /** The token as revoked, now or before; undefined where there is none. */
  async revoke(id: string, at: number): Promise<TokenInfo | undefined> {
    await this.#db
      .updateTable('tokens')
      .set({ revoked_at: new Date(at) })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .execute();
    const row = await this.#db.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst();
    return row === undefined ? undefined : infoOf(row);
  }

  async list(): Promise<TokenInfo[]> {
    const rows = await this.#db.selectFrom('tokens').selectAll().orderBy('id').execute();
    return rows.map(infoOf);
  }
}

function infoOf(row: Omit<TokenTable, 'secret_hash'>): TokenInfo {
  return {
    id: row.id,
    serviceAccount: row.service_account,
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
    expiresAt: row.expires_at.toISOString(),
    ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at.toISOString() }),
  };
}
