import { Client } from '@grpc/grpc-js';

/**
 * What agents of this process send through their tunnels, as it is serialised before TLS: every message of every
 * stream. Nothing is changed on its way.
 */
export class TunnelTap {
  readonly #original = Client.prototype.makeBidiStreamRequest;
  #parts: Buffer[] = [];

  constructor() {
    const { parts, original } = { parts: () => this.#parts, original: this.#original };
    // Cast: the same function with one argument wrapped; its overloads can't be told apart here.
    Client.prototype.makeBidiStreamRequest = function (this: Client, ...args: unknown[]) {
      const serialise = args[1] as (value: unknown) => Buffer;
      args[1] = (value: unknown) => {
        const bytes = serialise(value);
        parts().push(Buffer.from(bytes));
        return bytes;
      };
      return (original as (...given: unknown[]) => unknown).apply(this, args);
    } as typeof this.#original;
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
    Client.prototype.makeBidiStreamRequest = this.#original;
  }
}
