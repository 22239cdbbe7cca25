import type { PeerCertificate } from 'node:tls';
import { status } from '@grpc/grpc-js';
import type { Clock } from '@sallyport/shared/clock';
import { agentUri } from './authority.ts';
import { Refusal } from './errors.ts';
import type { AgentStore, StoredCertificate } from './storage.ts';

/** Who is at the far end, as its certificate proves. */
export interface Identity {
  readonly agent: string;
  readonly serial: string;
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly expiresAt: number;
  /** `address:port` of the connection. */
  readonly peer: string;
}

/** What is needed of a gRPC call to know its caller, whatever it carries. */
export interface CallerOf {
  getPeer(): string;
  getAuthContext(): { sslPeerCertificate?: PeerCertificate };
}

/**
 * The certificates that are known, in memory. TLS has proven that the authority signed the certificate and that the
 * peer holds its key; here it must also be one we remember handing out, not revoked, not expired, and its names must
 * be the ones we gave it.
 */
export class KnownCertificates {
  readonly #store: AgentStore;
  readonly #clock: Clock;
  readonly #bySerial = new Map<string, StoredCertificate>();
  /** When this replica last issued one, by agent; wall clock, milliseconds. */
  readonly #issuedAt = new Map<string, number>();

  constructor(store: AgentStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Remembers a certificate that has just been issued. */
  add(certificate: StoredCertificate): void {
    this.#bySerial.set(certificate.serial, certificate);
    this.#issuedAt.set(certificate.agent, certificate.issuedAt);
  }

  /** When the agent last got a certificate from this replica; wall clock, milliseconds. */
  lastIssuedAt(agent: string): number | undefined {
    return this.#issuedAt.get(agent);
  }

  /** @throws Refusal UNAUTHENTICATED, or UNAVAILABLE when the storage does not answer */
  async identify(call: CallerOf): Promise<Identity> {
    const peer = call.getPeer();
    const shown = call.getAuthContext().sslPeerCertificate;
    if (shown === undefined) {
      throw refuse(
        'no_certificate',
        'The gateway saw no client certificate that its authority vouches for now: there is none, it is from another gateway, or it has expired. Enrol the agent.',
      );
    }
    const serial = shown.serialNumber.toUpperCase();
    const stored = this.#bySerial.get(serial) ?? (await this.#load(serial));
    if (stored === undefined) {
      throw refuse(
        'certificate_unknown',
        'The gateway has no record of this client certificate. Enrol the agent again.',
      );
    }
    const fingerprint = shown.fingerprint256.replaceAll(':', '').toLowerCase();
    const uri = `URI:${agentUri(stored.agent)}`;
    if (
      fingerprint !== stored.fingerprint ||
      shown.subject.CN !== stored.agent ||
      shown.subjectaltname !== uri
    ) {
      throw refuse(
        'certificate_mismatch',
        'This client certificate is not the one that was handed out. Enrol the agent again.',
      );
    }
    const identity: Identity = {
      agent: stored.agent,
      serial,
      fingerprint,
      expiresAt: stored.expiresAt,
      peer,
    };
    this.check(identity);
    return identity;
  }

  /**
   * Checks once more, close to use, that the certificate still holds.
   *
   * @throws Refusal UNAUTHENTICATED
   */
  check(identity: Identity): void {
    if (this.#bySerial.get(identity.serial)?.revoked !== false) {
      throw refuse(
        'certificate_revoked',
        `The certificate of agent ${identity.agent} is revoked. Enrol the agent again.`,
      );
    }
    if (identity.expiresAt <= this.#clock.now()) {
      throw refuse(
        'certificate_expired',
        `The certificate of agent ${identity.agent} has expired. Enrol the agent again.`,
      );
    }
  }

  revoke(serials: Iterable<string>): void {
    for (const serial of serials) {
      const stored = this.#bySerial.get(serial);
      if (stored !== undefined) this.#bySerial.set(serial, { ...stored, revoked: true });
    }
  }

  revokeAgent(agent: string): void {
    this.revoke([...this.#bySerial.values()].filter((one) => one.agent === agent).map((one) => one.serial));
  }

  forgetExpired(): void {
    const now = this.#clock.now();
    for (const [serial, stored] of this.#bySerial) if (stored.expiresAt <= now) this.#bySerial.delete(serial);
  }

  /** Another replica may have issued it, or this one before it was started. */
  async #load(serial: string): Promise<StoredCertificate | undefined> {
    let stored: StoredCertificate | undefined;
    try {
      stored = await this.#store.findCertificate(serial);
    } catch (cause) {
      throw new Refusal(
        status.UNAVAILABLE,
        'unavailable',
        'The gateway cannot look certificates up now. Try again later.',
        { cause },
      );
    }
    // A revocation that arrived while the storage was read wins over what was read.
    if (stored !== undefined && !this.#bySerial.has(serial)) this.#bySerial.set(serial, stored);
    return this.#bySerial.get(serial);
  }
}

function refuse(
  reason:
    | 'no_certificate'
    | 'certificate_unknown'
    | 'certificate_mismatch'
    | 'certificate_revoked'
    | 'certificate_expired',
  details: string,
): Refusal {
  return new Refusal(status.UNAUTHENTICATED, reason, details);
}
