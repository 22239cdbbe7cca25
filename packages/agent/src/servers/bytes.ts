const FIRST_CAPACITY_BYTES = 4 * 1024;

/**
 * Collects the pieces of something whose end has not come yet. Each byte is copied once or twice, however small
 * the pieces are, so a peer that sends byte by byte costs memory in proportion to what it sent, not to how.
 */
export class ByteCollector {
  #buffer: Buffer | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  append(piece: Buffer): void {
    const needed = this.#size + piece.length;
    if (this.#buffer === undefined || this.#buffer.length < needed) this.#grow(needed);
    // Grown just above where it was missing.
    if (this.#buffer !== undefined) piece.copy(this.#buffer, this.#size);
    this.#size = needed;
  }

  /** What was collected, and starts anew. The result belongs to the caller. */
  take(): Buffer {
    const taken = this.#buffer === undefined ? Buffer.alloc(0) : this.#buffer.subarray(0, this.#size);
    this.#buffer = undefined;
    this.#size = 0;
    return taken;
  }

  #grow(needed: number): void {
    const capacity = Math.max(needed, (this.#buffer?.length ?? 0) * 2, FIRST_CAPACITY_BYTES);
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.#buffer?.copy(grown, 0, 0, this.#size);
    this.#buffer = grown;
  }
}
