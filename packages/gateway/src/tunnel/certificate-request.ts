import 'reflect-metadata';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { Pkcs10CertificateRequest, type PublicKey } from '@peculiar/x509';
import { Refusal } from './errors.ts';
import { CSR_MAX_BYTES, RSA_MAX_BITS, RSA_MIN_BITS } from './limits.ts';

const CURVES = new Set(['prime256v1', 'secp384r1']);
const HASHES = new Set(['SHA-256', 'SHA-384', 'SHA-512']);

/**
 * Reads a PKCS #10 request and returns its public key. Only the key is taken: the name in the certificate comes from
 * the token or from the certificate it renews, never from the request.
 *
 * @throws Refusal `request_malformed`, `request_key` or `request_signature` (RFC 2986 §4.2: proof of possession)
 */
export async function readRequestedKey(der: Uint8Array): Promise<PublicKey> {
  if (der.length === 0 || der.length > CSR_MAX_BYTES) {
    throw refuse(
      'request_malformed',
      `The certificate signing request has ${der.length} bytes; 1 to ${CSR_MAX_BYTES} are accepted.`,
    );
  }
  let request: Pkcs10CertificateRequest;
  let key: KeyObject;
  try {
    // A copy that owns its memory: the library takes whole ArrayBuffers.
    request = new Pkcs10CertificateRequest(Uint8Array.from(der));
    key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
  } catch (error) {
    throw refuse(
      'request_malformed',
      'The certificate signing request is not a PKCS #10 request in DER.',
      error,
    );
  }
  if (!strongEnough(key)) {
    throw refuse(
      'request_key',
      `The key of the request is not accepted: use P-256, P-384, Ed25519, or RSA of ${RSA_MIN_BITS} to ${RSA_MAX_BITS} bits.`,
    );
  }
  if (!(await provesPossession(request))) {
    throw refuse(
      'request_signature',
      'The signature of the certificate signing request does not match its key.',
    );
  }
  return request.publicKey;
}

function strongEnough(key: KeyObject): boolean {
  const details = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ec':
      return CURVES.has(details.namedCurve ?? '');
    case 'ed25519':
      return true;
    case 'rsa':
      return (details.modulusLength ?? 0) >= RSA_MIN_BITS && (details.modulusLength ?? 0) <= RSA_MAX_BITS;
    default:
      return false;
  }
}

async function provesPossession(request: Pkcs10CertificateRequest): Promise<boolean> {
  try {
    // The library declares this on the DOM's Algorithm, which Node's types do not have.
    const { name, hash } = request.signatureAlgorithm as { name: string; hash?: { name: string } };
    if (name !== 'Ed25519' && !HASHES.has(hash?.name ?? '')) return false;
    return await request.verify();
  } catch {
    // The library throws where algorithm and key do not fit each other: that proves nothing either.
    return false;
  }
}

function refuse(
  reason: 'request_malformed' | 'request_key' | 'request_signature',
  details: string,
  cause?: unknown,
): Refusal {
  return new Refusal(status.INVALID_ARGUMENT, reason, details, { cause });
}
