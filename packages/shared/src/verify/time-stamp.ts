import { hash, webcrypto } from 'node:crypto';
import { fromBER } from 'asn1js';
import {
  Certificate,
  CryptoEngine,
  PKIStatus,
  SignedData,
  SignedDataVerifyError,
  type SignedDataVerifyResult,
  setEngine,
  TimeStampResp,
  TSTInfo,
} from 'pkijs';

const SHA256 = '2.16.840.1.101.3.4.2.1';
/** id-kp-timeStamping: what a certificate must be for (RFC 3161 §2.3). */
const FOR_TIME_STAMPS = '1.3.6.1.5.5.7.3.8';

const SHORT_NAMES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '1.2.840.113549.1.9.1': 'emailAddress',
};

/** A time stamp that is what it says. */
export interface TimeStamp {
  /** Milliseconds since 1970, by the authority's clock. */
  readonly atMs: number;
  /** Subject of the authority's certificate. */
  readonly by: string;
  /** Whether it leads to an authority that was given. */
  readonly trusted: boolean;
}

/**
 * Verifies a TimeStampResp (RFC 3161) of a text.
 *
 * @param authorities certificates in PEM that are believed; without any, only the stamp's own signature is verified.
 * @returns the stamp, or why it is not believed.
 */
export async function readTimeStamp(
  answer: Uint8Array,
  text: string,
  authorities: readonly string[],
): Promise<TimeStamp | string> {
  if (typeof webcrypto !== 'object')
    return 'it cannot be looked at here, this browser has no Web Crypto: take another, or the command';
  // Cast: Node's Web Crypto is the one of the standard; only its types are declared apart.
  setEngine(
    'verify',
    new CryptoEngine({ name: 'verify', crypto: webcrypto as unknown as typeof globalThis.crypto }),
  );
  try {
    return await read(answer, text, authorities);
  } catch (thrown) {
    return `it is no time stamp (${thrown instanceof Error ? thrown.message : String(thrown)})`;
  }
}

async function read(
  answer: Uint8Array,
  text: string,
  authorities: readonly string[],
): Promise<TimeStamp | string> {
  const { status, timeStampToken } = TimeStampResp.fromBER(new Uint8Array(answer));
  if (status.status !== PKIStatus.granted && status.status !== PKIStatus.grantedWithMods)
    return 'the authority did not grant it';
  if (timeStampToken === undefined) return 'it holds no token';
  const signed = new SignedData({ schema: timeStampToken.content });
  const content = signed.encapContentInfo.eContent?.getValue();
  if (content === undefined) return 'it holds nothing that is signed';
  const info = TSTInfo.fromBER(content);
  const { hashAlgorithm, hashedMessage } = info.messageImprint;
  if (hashAlgorithm.algorithmId !== SHA256) return 'it is over another digest than SHA-256';
  if (Buffer.from(hashedMessage.valueBlock.valueHexView).toString('hex') !== hash('sha256', text, 'hex'))
    return 'it is of another text';
  const trusted = authorities.map(certificateIn);
  const verified = await verifiedBy(signed, {
    signer: 0,
    data: new TextEncoder().encode(text).slice().buffer,
    extendedMode: true,
    checkDate: info.genTime,
    checkChain: trusted.length > 0,
    trustedCerts: trusted,
  });
  if (verified.signatureVerified !== true) return 'its signature is wrong';
  if (trusted.length > 0 && verified.signerCertificateVerified !== true)
    return 'it does not lead to an authority that you gave';
  const certificate = verified.signerCertificate;
  if (certificate === null || certificate === undefined) return 'it holds no certificate of its authority';
  if (!isForTimeStamps(certificate)) return "its authority's certificate is not for time stamps";
  return { atMs: info.genTime.getTime(), by: subjectOf(certificate), trusted: trusted.length > 0 };
}

/** A chain that ends nowhere is thrown by the library; a wrong signature is told. */
async function verifiedBy(
  signed: SignedData,
  how: Parameters<SignedData['verify']>[0] & { extendedMode: true },
): Promise<Partial<SignedDataVerifyResult>> {
  try {
    return await signed.verify(how);
  } catch (thrown) {
    if (!(thrown instanceof SignedDataVerifyError) || thrown.signerCertificateVerified === true) throw thrown;
    return { signatureVerified: true, signerCertificateVerified: false };
  }
}

function certificateIn(pem: string): Certificate {
  const der = Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ''), 'base64');
  return new Certificate({ schema: fromBER(new Uint8Array(der)).result });
}

/** Whose certificate it is, with the usual short names (RFC 4514 §3). */
function subjectOf({ subject }: Certificate): string {
  return subject.typesAndValues
    .map(({ type, value }) => `${SHORT_NAMES[type] ?? type}=${String(value.valueBlock.value)}`)
    .join(', ')
    .replace(/\p{Cc}/gu, ' '); // one line of a report, whatever stands in it
}

function isForTimeStamps(certificate: Certificate): boolean {
  const usage = certificate.extensions?.find(({ extnID }) => extnID === '2.5.29.37');
  const purposes = (usage?.parsedValue as { keyPurposes?: readonly string[] } | undefined)?.keyPurposes;
  return purposes?.includes(FOR_TIME_STAMPS) === true;
}
