/** A verified user or service account, with groups. Made by identity alone. */
export interface Principal {
  readonly kind: 'service-account' | 'user';
  readonly name: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
}

/** Why a credential was refused. For the record; the caller only learns that it was. */
export type RefusalCode = 'missing' | 'malformed' | 'unknown' | 'expired' | 'revoked' | 'disabled';

export type Authentication =
  | { readonly ok: true; readonly principal: Principal; readonly tokenId: string; readonly expiresAt: number }
  | { readonly ok: false; readonly code: RefusalCode; readonly tokenId?: string };

export interface TokenInfo {
  readonly id: string;
  readonly serviceAccount: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string;
  readonly revokedAt?: string;
}

/** What identity must know of a service account; it comes from the registry's snapshot. */
export interface Account {
  readonly name: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly disabled: boolean;
}

/** The identity room's door. */
export interface Identity {
  /**
   * Reads an `Authorization` header. In memory and synchronous: the tokens' hashes are loaded at start and kept
   * current by notification, so that a request costs no query.
   */
  authenticate(authorization: string | undefined): Authentication;
  /** Replaces the accounts; tokens of an account that is gone or disabled stop working at once. */
  useAccounts(accounts: readonly Account[]): void;
  /** The token's text is returned once and stored only as a hash. */
  createToken(request: {
    serviceAccount: string;
    expiresInMs: number;
    createdBy: string;
  }): Promise<TokenInfo & { token: string }>;
  revokeToken(id: string): Promise<TokenInfo | undefined>;
  listTokens(): Promise<TokenInfo[]>;
  /** Called with a token's id when it stops being valid before its time (revoked, account gone or disabled). */
  onRevoked(listener: (tokenId: string) => void): void;
  close(): Promise<void>;
}
