import { ServerCredentials } from '@grpc/grpc-js';
import type { ServerIdentity } from './authority.ts';
import {
  HEADERS_MAX_BYTES,
  STREAM_RESETS_BURST,
  STREAM_RESETS_PER_SECOND,
  STREAMS_PER_CONNECTION_MAX,
  UNAUTHENTICATED_MAX_MS,
} from './limits.ts';

// AEAD with forward secrecy only; the first three are TLS 1.3's.
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
].join(':');

/**
 * TLS of the tunnel's server. A client certificate is asked for but not demanded by TLS, because Enroll is open to
 * callers without one; every other method demands it (identify.ts). grpc-js's own credentials can do the same, but
 * leave no way to set the lowest TLS version or HTTP/2's bounds.
 */
export class TunnelServerCredentials extends ServerCredentials {
  readonly #authorityPem: string;

  constructor(authorityPem: string, identity: ServerIdentity) {
    super(
      {
        requestCert: true,
        rejectUnauthorized: false,
        minVersion: 'TLSv1.2',
        ciphers: CIPHERS,
        handshakeTimeout: UNAUTHENTICATED_MAX_MS,
        streamResetBurst: STREAM_RESETS_BURST,
        streamResetRate: STREAM_RESETS_PER_SECOND,
        settings: { maxConcurrentStreams: STREAMS_PER_CONNECTION_MAX, maxHeaderListSize: HEADERS_MAX_BYTES },
      },
      secureContext(authorityPem, identity),
    );
    this.#authorityPem = authorityPem;
  }

  /** Connections made from now on see this identity; those that are open go on. */
  replace(identity: ServerIdentity): void {
    this.updateSecureContextOptions(secureContext(this.#authorityPem, identity));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function secureContext(authorityPem: string, identity: ServerIdentity) {
  return {
    ca: authorityPem,
    cert: identity.chainPem,
    key: identity.keyPem,
    minVersion: 'TLSv1.2' as const,
    ciphers: CIPHERS,
  };
}
