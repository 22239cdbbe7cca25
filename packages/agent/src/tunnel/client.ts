import { credentials } from '@grpc/grpc-js';
import { loadTunnel } from '@sallyport/proto';
import { FRAME_MAX_BYTES } from '@sallyport/shared/limits';
import { CHANNEL_WINDOW_BYTES, KEEPALIVE_TIME_MS, KEEPALIVE_TIMEOUT_MS } from '../limits.ts';
import type { ConnectClient } from './types.ts';

const OPTIONS = {
  'grpc.max_receive_message_length': FRAME_MAX_BYTES,
  'grpc.max_send_message_length': FRAME_MAX_BYTES,
  'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
  'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
  'grpc.keepalive_permit_without_calls': 1,
  // A connection of its own for each client: an old one drains while the next already serves.
  'grpc.use_local_subchannel_pool': 1,
  'grpc-node.flow_control_window': CHANNEL_WINDOW_BYTES,
  // At most once: gRPC must never repeat what may have arrived.
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
};

/**
 * A way to open clients of the tunnel service: TLS with the given authority as the only root, and the agent's own
 * certificate where it has one. No compression is offered.
 */
export function openClients(): ConnectClient {
  const { Tunnel } = loadTunnel();
  return (address, trust) => {
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    const key = trust.keyPem === undefined ? null : Buffer.from(trust.keyPem);
    const certificate = trust.certificatePem === undefined ? null : Buffer.from(trust.certificatePem);
    const secure = credentials.createSsl(Buffer.from(trust.authorityPem), key, certificate);
    return new Tunnel(`${host}:${address.port}`, secure, OPTIONS);
  };
}
