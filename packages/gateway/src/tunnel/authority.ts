import 'reflect-metadata';
import { createHash, randomBytes, type webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { Clock } from '@sallyport/shared/clock';
import { AUTHORITY_LIFETIME_MS, CERTIFICATE_BACKDATE_MS } from './limits.ts';
import type { Sealer } from './options.ts';
import type { AgentStore, StoredCertificate } from './storage.ts';

const STORED_AS = 'tunnel-authority';
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A certificate for the gateway's own end, with its key. */
export interface ServerIdentity {
  /** Leaf first, then the authority: an agent that enrols compares the authority with its token's fingerprint. */
  readonly chainPem: string;
  readonly keyPem: string;
  readonly serial: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** The URI an agent's certificate names it by. */
export function agentUri(name: string): string {
  return `spiffe://sallyport/agent/${name}`;
}

/**
 * The gateway's own certificate authority. Agents trust it alone, and it alone vouches for agents: no public
 * authority and no other gateway can make a certificate that either end accepts.
 */
export class Authority {
  readonly certificatePem: string;
  /** SHA-256 of the certificate (DER), lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly #certificate: X509Certificate;
  readonly #key: webcrypto.CryptoKey;
  readonly #clock: Clock;

  private constructor(certificate: X509Certificate, key: webcrypto.CryptoKey, clock: Clock) {
    this.#certificate = certificate;
    this.#key = key;
    this.#clock = clock;
    this.certificatePem = certificate.toString('pem');
    this.fingerprint = fingerprintOf(certificate);
  }

  /**
   * Opens the stored authority, or makes and stores one. Certificate and key are sealed together, so that whoever
   * can write the database cannot put another certificate beside the key.
   *
   * @throws Error when what is stored cannot be unsealed: a wrong master key must never lead to a new authority,
   *   which would lock every agent out.
   */
  static async open(from: {
    store: AgentStore;
    sealer: Sealer;
    clock: Clock;
  }): Promise<{ authority: Authority; created: boolean }> {
    const { store, sealer, clock } = from;
    const stored = await store.loadSealedKey(STORED_AS);
    if (stored !== undefined)
      return { authority: await revive(sealer.unseal(stored, STORED_AS), clock), created: false };
    const sealed = sealer.seal(await makeAuthority(clock), STORED_AS);
    // Commit point: whichever replica wrote first made the authority, and this one uses it too.
    const winner = await store.saveSealedKey(STORED_AS, sealed);
    const created = Buffer.compare(winner, sealed) === 0;
    return { authority: await revive(sealer.unseal(winner, STORED_AS), clock), created };
  }

  /** For `revive` alone, which has checked that the key is the certificate's. */
  static of(certificate: X509Certificate, key: webcrypto.CryptoKey, clock: Clock): Authority {
    return new Authority(certificate, key, clock);
  }

  /**
   * A new key and certificate for the gateway's end. The key is never stored.
   *
   * @throws RangeError when there is no name an agent could dial
   */
  async issueServer(names: readonly string[], lifetimeMs: number): Promise<ServerIdentity> {
    if (names.length === 0) throw new RangeError('the tunnel needs at least one name that agents may dial');
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const alternatives = names.map((name) => ({
      type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const),
      value: name,
    }));
    const { certificate, issuedAt, expiresAt } = await this.#issue(
      'CN=sallyport-gateway',
      keys.publicKey,
      lifetimeMs,
      [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(alternatives),
      ],
    );
    return {
      chainPem: `${certificate.toString('pem')}\n${this.certificatePem}\n`,
      keyPem: PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY'),
      serial: certificate.serialNumber.toUpperCase(),
      issuedAt,
      expiresAt,
    };
  }

  /** A certificate for an agent's key, good for clients only. */
  async issueAgent(
    name: string,
    publicKey: PublicKey,
    lifetimeMs: number,
  ): Promise<{ pem: string; stored: StoredCertificate }> {
    const { certificate, issuedAt, expiresAt } = await this.#issue(`CN=${name}`, publicKey, lifetimeMs, [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension([{ type: 'url', value: agentUri(name) }]),
    ]);
    const stored: StoredCertificate = {
      serial: certificate.serialNumber.toUpperCase(),
      agent: name,
      fingerprint: fingerprintOf(certificate),
      issuedAt,
      expiresAt,
      revoked: false,
    };
    return { pem: certificate.toString('pem'), stored };
  }

  async #issue(
    subject: string,
    publicKey: PublicKey | webcrypto.CryptoKey,
    lifetimeMs: number,
    extensions: Extension[],
  ): Promise<{ certificate: X509Certificate; issuedAt: number; expiresAt: number }> {
    const issuedAt = this.#clock.now();
    // Whole seconds, as X.509 has it; never past the authority's own end.
    const expiresAt = Math.min(
      Math.floor((issuedAt + lifetimeMs) / 1000) * 1000,
      this.#certificate.notAfter.getTime(),
    );
    const certificate = await X509CertificateGenerator.create({
      serialNumber: newSerial(),
      subject,
      issuer: this.#certificate.subject,
      notBefore: new Date(issuedAt - CERTIFICATE_BACKDATE_MS),
      notAfter: new Date(expiresAt),
      signingKey: this.#key,
      publicKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        ...extensions,
        await SubjectKeyIdentifierExtension.create(publicKey),
        await AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
      ],
    });
    return { certificate, issuedAt, expiresAt };
  }
}

async function makeAuthority(clock: Clock): Promise<Uint8Array> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const name = `CN=Sallyport tunnel authority ${randomBytes(4).toString('hex')}`;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: name,
    issuer: name,
    notBefore: new Date(clock.now() - CERTIFICATE_BACKDATE_MS),
    notAfter: new Date(clock.now() + AUTHORITY_LIFETIME_MS),
    signingKey: keys.privateKey,
    publicKey: keys.publicKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      // Path length 0: it signs ends, never another authority.
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const privateKey = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return Buffer.from(JSON.stringify({ certificate: certificate.toString('pem'), privateKey }), 'utf8');
}

async function revive(plain: Uint8Array, clock: Clock): Promise<Authority> {
  // What was unsealed is what makeAuthority sealed: AES-GCM vouches for it.
  const { certificate, privateKey } = JSON.parse(Buffer.from(plain).toString('utf8')) as {
    certificate: string;
    privateKey: string;
  };
  const key = await crypto.subtle.importKey('pkcs8', Buffer.from(privateKey, 'base64'), ALGORITHM, false, [
    'sign',
  ]);
  return Authority.of(new X509Certificate(certificate), key, clock);
}

function fingerprintOf(certificate: X509Certificate): string {
  return createHash('sha256').update(new Uint8Array(certificate.rawData)).digest('hex');
}

/** 16 random bytes, positive and without a leading zero, so that every reader prints it alike (RFC 5280 §4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}
