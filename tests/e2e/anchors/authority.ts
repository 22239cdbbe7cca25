import { webcrypto } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Integer, ObjectIdentifier, OctetString, Utf8String } from 'asn1js';
import {
  Attribute,
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  ContentInfo,
  CryptoEngine,
  EncapsulatedContentInfo,
  Extension,
  ExtKeyUsage,
  IssuerAndSerialNumber,
  PKIStatus,
  PKIStatusInfo,
  SignedAndUnsignedAttributes,
  SignedData,
  SignerInfo,
  setEngine,
  TimeStampReq,
  TimeStampResp,
  TSTInfo,
} from 'pkijs';

const TST_INFO = '1.2.840.113549.1.9.16.1.4';
const POLICY = '1.3.6.1.4.1.99999.1';
const crypto = webcrypto as unknown as typeof globalThis.crypto;
setEngine('authority', new CryptoEngine({ name: 'authority', crypto }));
const engine = new CryptoEngine({ name: 'authority', crypto });

type Keys = webcrypto.CryptoKeyPair;
const newKeys = (): Promise<Keys> =>
  crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]) as Promise<Keys>;

/** A time stamping authority (RFC 3161) over HTTP, with a certificate of an authority of its own. */
export class TimeStampingAuthority {
  readonly port: number;
  readonly pem: string;
  /** What it stamps, changed; for an authority that stamps something else. */
  tamper: (imprint: Uint8Array) => Uint8Array = (imprint) => imprint;
  grants = true;
  readonly #stop: () => Promise<void>;

  private constructor(port: number, pem: string, stop: () => Promise<void>) {
    this.port = port;
    this.pem = pem;
    this.#stop = stop;
  }

  static async start(forTimeStamps = true): Promise<TimeStampingAuthority> {
    const [rootKeys, ownKeys] = [await newKeys(), await newKeys()];
    const root = await certificate('Test Root', rootKeys, 'Test Root', rootKeys, 1, false);
    const own = await certificate('Test Stamps', ownKeys, 'Test Root', rootKeys, 2, forTimeStamps);
    let made: TimeStampingAuthority | undefined;
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      const answer = await stamp(Buffer.concat(parts), ownKeys, own, made);
      response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // Cast: it listens on a port.
    const { port } = server.address() as AddressInfo;
    made = new TimeStampingAuthority(port, pemOf(root), async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return made;
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}

async function stamp(
  body: Buffer,
  keys: Keys,
  certificate: Certificate,
  authority: TimeStampingAuthority | undefined,
): Promise<Buffer> {
  if (authority?.grants === false) {
    const refused = new TimeStampResp({ status: new PKIStatusInfo({ status: PKIStatus.rejection }) });
    return Buffer.from(refused.toSchema().toBER());
  }
  const request = TimeStampReq.fromBER(new Uint8Array(body));
  const { messageImprint, nonce } = request;
  const imprint = new Uint8Array(messageImprint.hashedMessage.valueBlock.valueHexView);
  messageImprint.hashedMessage = new OctetString({
    valueHex: (authority?.tamper(imprint) ?? imprint).slice().buffer,
  });
  const info = new TSTInfo({
    version: 1,
    policy: POLICY,
    messageImprint,
    serialNumber: new Integer({ value: 7 }),
    genTime: new Date(),
    ...(nonce === undefined ? {} : { nonce }),
  });
  const signed = new SignedData({
    version: 3,
    encapContentInfo: new EncapsulatedContentInfo({
      eContentType: TST_INFO,
      eContent: new OctetString({ valueHex: info.toSchema().toBER() }),
    }),
    signerInfos: [
      new SignerInfo({
        version: 1,
        sid: new IssuerAndSerialNumber({
          issuer: certificate.issuer,
          serialNumber: certificate.serialNumber,
        }),
        signedAttrs: new SignedAndUnsignedAttributes({
          type: 0,
          attributes: [
            new Attribute({
              type: '1.2.840.113549.1.9.3',
              values: [new ObjectIdentifier({ value: TST_INFO })],
            }),
            new Attribute({
              type: '1.2.840.113549.1.9.4',
              values: [
                new OctetString({ valueHex: await crypto.subtle.digest('SHA-256', info.toSchema().toBER()) }),
              ],
            }),
          ],
        }),
      }),
    ],
    certificates: [certificate],
  });
  await signed.sign(keys.privateKey, 0, 'SHA-256', undefined, engine);
  const token = new ContentInfo({ contentType: '1.2.840.113549.1.7.2', content: signed.toSchema(true) });
  const answer = new TimeStampResp({
    status: new PKIStatusInfo({ status: PKIStatus.granted }),
    timeStampToken: token,
  });
  return Buffer.from(answer.toSchema().toBER());
}

/** A certificate for TLS on this machine, of an authority of its own, in PEM. */
export async function tlsCertificate(host: string): Promise<{ ca: string; cert: string; key: string }> {
  const [rootKeys, keys] = [await newKeys(), await newKeys()];
  const root = await certificate('Test Root', rootKeys, 'Test Root', rootKeys, 1, false);
  const own = await certificate(host, keys, 'Test Root', rootKeys, 2, false);
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    ca: pemOf(root),
    cert: pemOf(own),
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
  };
}

async function certificate(
  subject: string,
  keys: Keys,
  issuer: string,
  issuerKeys: Keys,
  serial: number,
  forTimeStamps: boolean,
): Promise<Certificate> {
  const made = new Certificate();
  made.version = 2;
  made.serialNumber = new Integer({ value: serial });
  made.subject.typesAndValues.push(
    new AttributeTypeAndValue({ type: '2.5.4.3', value: new Utf8String({ value: subject }) }),
  );
  made.issuer.typesAndValues.push(
    new AttributeTypeAndValue({ type: '2.5.4.3', value: new Utf8String({ value: issuer }) }),
  );
  made.notBefore.value = new Date(Date.now() - 86_400_000);
  made.notAfter.value = new Date(Date.now() + 86_400_000);
  const isRoot = subject === issuer;
  const constraints = new BasicConstraints({ cA: isRoot });
  made.extensions = [
    new Extension({
      extnID: '2.5.29.19',
      critical: true,
      extnValue: constraints.toSchema().toBER(),
      parsedValue: constraints,
    }),
  ];
  if (!isRoot) {
    const usage = new ExtKeyUsage({
      keyPurposes: [forTimeStamps ? '1.3.6.1.5.5.7.3.8' : '1.3.6.1.5.5.7.3.1'],
    });
    made.extensions.push(
      new Extension({
        extnID: '2.5.29.37',
        critical: true,
        extnValue: usage.toSchema().toBER(),
        parsedValue: usage,
      }),
    );
  }
  await made.subjectPublicKeyInfo.importKey(keys.publicKey, engine);
  await made.sign(issuerKeys.privateKey, 'SHA-256', engine);
  return made;
}

function pemOf(made: Certificate): string {
  const text = Buffer.from(made.toSchema(true).toBER())
    .toString('base64')
    .replace(/(.{64})/g, '$1\n')
    .trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
}
