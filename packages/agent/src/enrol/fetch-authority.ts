import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { errorText } from '@sallyport/shared/errors';
import { ENROL_TIMEOUT_MS } from '../limits.ts';
import { EnrolError } from './errors.ts';
import type { Address } from './types.ts';

/** The certificates a gateway shows, leaf first, as far as it sends them. Nothing of them is trusted yet. */
export async function fetchChain(address: Address, timeoutMs = ENROL_TIMEOUT_MS): Promise<X509Certificate[]> {
  const where = `${address.host}:${address.port}`;
  const leaf = await new Promise<X509Certificate | undefined>((resolve, reject) => {
    const socket: TLSSocket = connect({
      host: address.host,
      port: address.port,
      ...(isIP(address.host) === 0 ? { servername: address.host } : {}),
      ALPNProtocols: ['h2'],
      // Looked at, not trusted: the fingerprint in the token decides, and Enroll then dials anew with that root.
      rejectUnauthorized: false,
    });
    const fail = (why: string, cause?: unknown): void => {
      socket.destroy();
      reject(
        new EnrolError('gateway_unreachable', `the gateway at ${where} can't be reached: ${why}`, { cause }),
      );
    };
    socket.setTimeout(timeoutMs, () => fail('it does not answer'));
    socket.once('error', (cause) => fail(errorText(cause), cause));
    socket.once('secureConnect', () => {
      const shown = socket.getPeerX509Certificate();
      resolve(shown);
      socket.destroy();
    });
  });
  const chain: X509Certificate[] = [];
  for (let next = leaf; next !== undefined && chain.length < 10; next = next.issuerCertificate) {
    // A self-signed certificate is its own issuer.
    if (chain.some((seen) => seen.fingerprint256 === next?.fingerprint256)) break;
    chain.push(next);
  }
  return chain;
}

/**
 * Checks that a chain ends in the authority the token names, that this authority signed the gateway's certificate,
 * and that the certificate is for the name that was dialled.
 *
 * @returns the authority in PEM
 * @throws EnrolError `gateway_untrusted`
 */
export function verifyChain(
  chain: readonly X509Certificate[],
  fingerprint: string,
  address: Address,
): string {
  const [server] = chain;
  const authority = chain.find((certificate) => sha256(certificate) === fingerprint);
  if (server === undefined || authority === undefined) {
    throw untrusted(
      'the gateway at this address is not the one that issued the token: its authority has another fingerprint. Check the address; if it is right, somebody may be between you and the gateway',
    );
  }
  if (!authority.ca || !server.checkIssued(authority) || !server.verify(authority.publicKey)) {
    throw untrusted("the gateway's certificate was not signed by the authority the token names");
  }
  const now = Date.now();
  if (Date.parse(server.validFrom) > now || Date.parse(server.validTo) < now) {
    throw untrusted(
      `the gateway's certificate holds from ${server.validFrom} to ${server.validTo}; check this machine's clock`,
    );
  }
  const named = isIP(address.host) === 0 ? server.checkHost(address.host) : server.checkIP(address.host);
  if (named === undefined) {
    throw untrusted(
      `the gateway's certificate is not for "${address.host}" but for ${server.subjectAltName ?? 'no name'}; dial one of these or add the name at the gateway`,
    );
  }
  return authority.toString();
}

/** SHA-256 of the DER, hexadecimal. */
export function sha256(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

function untrusted(words: string): EnrolError {
  return new EnrolError('gateway_untrusted', words);
}
