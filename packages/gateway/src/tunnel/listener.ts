import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server } from '@grpc/grpc-js';
import { loadTunnel, type TunnelHandlers } from '@sallyport/proto';
import { errorText } from '@sallyport/shared/errors';
import { FRAME_MAX_BYTES } from '@sallyport/shared/limits';
import type { Logger } from 'winston';
import {
  CONNECTION_IDLE_MS,
  CONNECTIONS_MAX,
  KEEPALIVE_MS,
  KEEPALIVE_TIMEOUT_MS,
  UNAUTHENTICATED_MAX,
  UNAUTHENTICATED_MAX_MS,
  UNAUTHENTICATED_PER_SOURCE_MAX,
} from './limits.ts';
import type { TunnelServerCredentials } from './server-credentials.ts';

interface Connection {
  readonly socket: Socket;
  readonly source: string;
  deadline: NodeJS.Timeout | undefined;
}

/**
 * The TCP side of the gRPC server. It accepts the sockets itself and hands them to grpc-js, because grpc-js has no
 * way to close one peer's connection, and cutting a revoked agent at once needs one.
 *
 * A peer is named as gRPC's getPeer() names it: `address:port`.
 */
export class Listener {
  readonly #server: Server;
  // Small frames must not wait for each other's acknowledgements.
  readonly #net = createServer({ noDelay: true });
  readonly #connections = new Map<string, Connection>();
  readonly #waitingBySource = new Map<string, number>();
  #waiting = 0;

  constructor(handlers: TunnelHandlers, credentials: TunnelServerCredentials, logger: Logger) {
    this.#server = new Server({
      'grpc.max_receive_message_length': FRAME_MAX_BYTES,
      'grpc.max_send_message_length': FRAME_MAX_BYTES,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      'grpc.max_connection_idle_ms': CONNECTION_IDLE_MS,
      // Its counters cost a little on every message and nothing reads them.
      'grpc.enable_channelz': 0,
    });
    this.#server.addService(loadTunnel().Tunnel.service, handlers);
    const injector = this.#server.createConnectionInjector(credentials);
    this.#net.maxConnections = CONNECTIONS_MAX;
    // Too many open descriptors, for one: what is open goes on.
    this.#net.on('error', (error) =>
      logger.error('tunnel: the listener failed', { cause: errorText(error) }),
    );
    this.#net.on('connection', (socket) => {
      if (this.#admit(socket)) injector.injectConnection(socket);
      else socket.destroy();
    });
  }

  /** @returns the port. @throws what listening throws, such as EADDRINUSE. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#net.once('error', reject);
      this.#net.listen({ host, port }, () => {
        this.#net.off('error', reject);
        const address = this.#net.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  /** The peer has shown a good certificate: it no longer counts as a stranger. */
  authenticated(peer: string): void {
    const connection = this.#connections.get(peer);
    if (connection !== undefined) this.#settle(connection);
  }

  /** Closes the peer's connection now; what was queued for it is lost. */
  cut(peer: string): void {
    this.#connections.get(peer)?.socket.destroy();
  }

  /** Resolves when every connection has closed, or after `maxMs`. */
  async emptied(maxMs: number): Promise<void> {
    const until = performance.now() + maxMs;
    while (this.#connections.size > 0 && performance.now() < until) await sleep(20);
  }

  /** Takes no more connections; those that are open go on. */
  closeDoor(): void {
    this.#net.close();
  }

  /** Closes everything. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#net.close(() => resolve());
    });
    for (const { socket } of this.#connections.values()) socket.destroy();
    this.#server.forceShutdown();
    await closed;
  }

  #admit(socket: Socket): boolean {
    const source = socket.remoteAddress;
    if (source === undefined) return false;
    const waiting = this.#waitingBySource.get(source) ?? 0;
    if (this.#waiting >= UNAUTHENTICATED_MAX || waiting >= UNAUTHENTICATED_PER_SOURCE_MAX) return false;
    this.#waiting += 1;
    this.#waitingBySource.set(source, waiting + 1);
    const connection: Connection = {
      socket,
      source,
      // One time limit for handshake, preface and the first good call: slow strangers cost no more than this.
      deadline: setTimeout(() => socket.destroy(), UNAUTHENTICATED_MAX_MS),
    };
    const peer = `${source}:${socket.remotePort}`;
    this.#connections.set(peer, connection);
    socket.once('close', () => {
      this.#settle(connection);
      this.#connections.delete(peer);
    });
    socket.on('error', () => {
      // 'close' follows; TLS reports its own errors.
    });
    return true;
  }

  #settle(connection: Connection): void {
    if (connection.deadline === undefined) return;
    clearTimeout(connection.deadline);
    connection.deadline = undefined;
    this.#waiting -= 1;
    const left = (this.#waitingBySource.get(connection.source) ?? 1) - 1;
    if (left > 0) this.#waitingBySource.set(connection.source, left);
    else this.#waitingBySource.delete(connection.source);
  }
}
