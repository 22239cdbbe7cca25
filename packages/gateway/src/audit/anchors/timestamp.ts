import { createHash, randomBytes, webcrypto } from 'node:crypto';
import { Integer, OctetString } from 'asn1js';
import {
  AlgorithmIdentifier,
  CryptoEngine,
  MessageImprint,
  PKIStatus,
  SignedData,
  setEngine,
  TimeStampReq,
  TimeStampResp,
  TSTInfo,
} from 'pkijs';
import { AuditError } from '../errors.ts';
import { ANCHOR_ANSWER_MAX_MS } from '../limits.ts';
import { type OutboundSettings, send } from '../outbound/send.ts';
import type { StoredCheckpoint } from '../types.ts';
import type { Anchor, Anchored } from './types.ts';

const SHA256 = '2.16.840.1.101.3.4.2.1';
setEngine(
  'node', // Cast: Node's Web Crypto is the one of the standard; only its types are declared apart.
  new CryptoEngine({ name: 'node', crypto: webcrypto as unknown as typeof globalThis.crypto }),
);

/** A time stamping authority (RFC 3161): it signs that a checkpoint was there at a time. */
export class TimestampAnchor implements Anchor {
  readonly kind = 'timestamp';
  readonly name: string;
  readonly #url: string;
  readonly #outbound: OutboundSettings;

  constructor(name: string, url: string, outbound: OutboundSettings) {
    this.name = name;
    this.#url = url;
    this.#outbound = outbound;
  }

  async put({ note }: StoredCheckpoint): Promise<Anchored> {
    const digest = createHash('sha256').update(note).digest();
    // Positive, so that no authority answers with another form of it.
    const nonce = randomBytes(8);
    nonce[0] = ((nonce[0] ?? 0) & 0x7f) | 0x40;
    const answer = await send(this.#outbound, {
      url: this.#url,
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
      body: requestFor(digest, nonce),
      maxMs: ANCHOR_ANSWER_MAX_MS,
    });
    if (answer.status !== 200)
      throw new AuditError(
        'anchor_refused',
        `${this.#url}: the time stamping authority answered ${answer.status}.`,
      );
    requireStamp(answer.body, digest, nonce, this.#url);
    return { location: this.#url, proof: answer.body };
  }
}

/** TimeStampReq in DER. */
function requestFor(digest: Buffer, nonce: Buffer): Buffer {
  const request = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: SHA256 }),
      hashedMessage: new OctetString({ valueHex: digest }),
    }),
    nonce: new Integer({ valueHex: nonce }),
    certReq: true,
  });
  return Buffer.from(request.toSchema().toBER());
}

/** The answer must be a stamp of exactly this digest, asked for just now. Its signature is the verifier's to check. */
function requireStamp(answer: Buffer, digest: Buffer, nonce: Buffer, url: string): void {
  const problem = problemOf(answer, digest, nonce);
  if (problem !== undefined)
    throw new AuditError(
      'anchor_refused',
      `${url}: the time stamping authority's answer is no stamp (${problem}).`,
    );
}

function problemOf(answer: Buffer, digest: Buffer, nonce: Buffer): string | undefined {
  try {
    const { status, timeStampToken } = TimeStampResp.fromBER(answer);
    if (status.status !== PKIStatus.granted && status.status !== PKIStatus.grantedWithMods)
      return `status ${status.status}`;
    if (timeStampToken === undefined) return 'no token';
    const signed = new SignedData({ schema: timeStampToken.content });
    const content = signed.encapContentInfo.eContent;
    if (content === undefined) return 'no content';
    const info = TSTInfo.fromBER(content.getValue());
    const imprint = info.messageImprint;
    if (imprint.hashAlgorithm.algorithmId !== SHA256) return 'another digest algorithm';
    if (!Buffer.from(imprint.hashedMessage.valueBlock.valueHexView).equals(digest))
      return 'of another checkpoint';
    const answered = info.nonce?.valueBlock.valueHexView;
    if (answered === undefined || !Buffer.from(answered).equals(nonce)) return 'of another request';
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
