/** What the tunnel room keeps. Times are milliseconds since 1970. */
export interface AgentStore {
  loadSealedKey(name: string): Promise<Uint8Array | undefined>;
  /** The first writer of a name wins. Returns what is stored afterwards, so that replicas that start together agree. */
  saveSealedKey(name: string, sealed: Uint8Array): Promise<Uint8Array>;
  /** Makes the agent's row where there is none. Does not lift a revocation: the enrolment itself does. */
  saveEnrolmentToken(token: StoredToken, createdBy: string, at: number): Promise<void>;
  findEnrolmentToken(id: string): Promise<StoredToken | undefined>;
  /**
   * Uses the token up and stores the agent's first certificate, as one step: of two that try, one gets `true`.
   * Earlier certificates of the agent are revoked and returned, and a revocation of the agent is lifted.
   */
  enrol(
    tokenId: string,
    certificate: StoredCertificate,
  ): Promise<{ enrolled: boolean; replacedSerials: readonly string[] }>;
  /** Stores the next certificate if the one it follows is still good at that moment; else `false`. */
  renew(previousSerial: string, certificate: StoredCertificate): Promise<boolean>;
  findCertificate(serial: string): Promise<StoredCertificate | undefined>;
  /** Serials that are revoked and not expired. */
  revokedSerials(at: number): Promise<readonly string[]>;
  /** Revokes the agent, its certificates and its unused tokens as one step. `false`: there is no such agent. */
  revokeAgent(name: string, at: number): Promise<boolean>;
  listAgents(): Promise<readonly StoredAgent[]>;
}

export interface StoredToken {
  readonly id: string;
  readonly agent: string;
  /** SHA-256 of the secret. */
  readonly secretHash: Uint8Array;
  readonly expiresAt: number;
  readonly used: boolean;
}

export interface StoredCertificate {
  /** Upper-case hexadecimal. */
  readonly serial: string;
  readonly agent: string;
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly revoked: boolean;
}

export interface StoredAgent {
  readonly name: string;
  readonly revoked: boolean;
  /** The newest certificate, if it ever had one. */
  readonly certificate?: { readonly fingerprint: string; readonly expiresAt: number };
}
