import 'reflect-metadata';
import { createHash, type KeyObject, KeyObject as Keys, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

/** A certificate authority like the gateway's own, for the tests' gateway side. */
export class TestAuthority {
  readonly certificate: X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(certificate: X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.certificate = certificate;
    this.#keys = keys;
  }

  static async create(): Promise<TestAuthority> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: 'CN=test authority',
      keys,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      extensions: [new BasicConstraintsExtension(true, undefined, true)],
    });
    return new TestAuthority(certificate, keys);
  }

  get pem(): string {
    return this.certificate.toString('pem');
  }

  get fingerprint(): string {
    return createHash('sha256').update(Buffer.from(this.certificate.rawData)).digest('hex');
  }

  /** A server certificate for these DNS names. */
  async issueServer(names: readonly string[]): Promise<{ chainPem: string; keyPem: string }> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await this.#issue('CN=gateway', keys.publicKey, DAY_MS, [
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: /^[\d.]+$/.test(value) ? 'ip' : 'dns', value }) as const),
      ),
    ]);
    const key: KeyObject = Keys.from(keys.privateKey);
    return {
      chainPem: `${certificate.toString('pem')}\n${this.pem}\n`,
      keyPem: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    };
  }

  /** An agent's certificate for the key in a signing request whose signature holds. */
  async issueAgent(csrDer: Buffer, name: string, lifetimeMs: number): Promise<string> {
    const request = new Pkcs10CertificateRequest(csrDer);
    if (!(await request.verify())) throw new Error('the request is not signed by its key');
    const certificate = await this.#issue(`CN=${name}`, await request.publicKey.export(), lifetimeMs, []);
    return certificate.toString('pem');
  }

  #issue(
    subject: string,
    publicKey: webcrypto.CryptoKey,
    lifetimeMs: number,
    extensions: SubjectAlternativeNameExtension[],
  ): Promise<X509Certificate> {
    return X509CertificateGenerator.create({
      subject,
      issuer: this.certificate.subject,
      publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - 1_000),
      notAfter: new Date(Date.now() + lifetimeMs),
      extensions,
    });
  }
}
