import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isServerName, newId } from '@sallyport/shared/ids';

const PREFIX = 'sp-agent';
const SHAPE = /^sp-agent\.([a-z0-9-]{1,40})\.(tok_[0-9A-Z]{20})\.([A-Za-z0-9_-]{43})\.([0-9a-f]{64})$/;

/** The parts of a one-time token. The fingerprint lets the agent know the gateway before it trusts any authority. */
export interface EnrolmentToken {
  readonly agent: string;
  readonly id: string;
  readonly secretHash: Buffer;
  readonly authorityFingerprint: string;
}

/** Makes a token, `sp-agent.<agent>.<id>.<secret>.<fingerprint of the authority>`; the text is shown once. */
export function makeEnrolmentToken(
  agent: string,
  authorityFingerprint: string,
): { id: string; text: string; secretHash: Buffer } {
  if (!isServerName(agent)) throw new RangeError('an agent is named [a-z0-9-]{1,40}');
  const id = newId('tok');
  const secret = randomBytes(32).toString('base64url');
  return { id, text: [PREFIX, agent, id, secret, authorityFingerprint].join('.'), secretHash: hash(secret) };
}

/** Reads a token as somebody sent it; undefined when it is not one. */
export function readEnrolmentToken(text: string): EnrolmentToken | undefined {
  const [, agent, id, secret, authorityFingerprint] = SHAPE.exec(text.trim()) ?? [];
  if (agent === undefined || id === undefined || secret === undefined || authorityFingerprint === undefined)
    return undefined;
  return { agent, id, secretHash: hash(secret), authorityFingerprint };
}

/** Compares two SHA-256 digests in a time that does not depend on where they differ. */
export function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function hash(secret: string): Buffer {
  return createHash('sha256').update(secret, 'ascii').digest();
}
