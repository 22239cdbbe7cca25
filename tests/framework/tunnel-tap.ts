import { Duplex } from 'node:stream';

type Write = typeof Duplex.prototype.write;

/**
 * What agents of this process send through their tunnels: every byte that gRPC hands to HTTP/2, before TLS. Nothing
 * is changed on its way.
 */
export class TunnelTap {
  readonly #original: Write = Duplex.prototype.write;
  #parts: Buffer[] = [];

  constructor() {
    const original = this.#original;
    const take = (chunk: unknown): void => {
      if (chunk instanceof Uint8Array) this.#parts.push(Buffer.from(chunk));
    };
    // Cast: the same function, called with what it was called with.
    Duplex.prototype.write = function (this: Duplex, ...args: unknown[]) {
      if (this.constructor.name === 'ClientHttp2Stream') take(args[0]);
      return (original as (...given: unknown[]) => boolean).apply(this, args);
    } as Write;
  }

  /** All bytes sent so far. */
  bytes(): Buffer {
    this.#parts = [Buffer.concat(this.#parts)];
    return this.#parts[0] ?? Buffer.alloc(0);
  }

  forget(): void {
    this.#parts = [];
  }

  stop(): void {
    Duplex.prototype.write = this.#original;
  }
}
