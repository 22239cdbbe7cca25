import { MESSAGE_FROM_SERVER_MAX_BYTES } from '@sallyport/shared/limits';

/** Joins the parts of one message, which follow each other on a channel (tunnel.proto, FromServer). */
export class Parts {
  #parts: Buffer[] = [];
  #bytes = 0;

  /** The whole message with its last part; undefined while more is to come. */
  add(part: Buffer, last: boolean): Buffer | 'too large' | undefined {
    if (last && this.#parts.length === 0) return part;
    this.#parts.push(part);
    this.#bytes += part.length;
    if (this.#bytes > MESSAGE_FROM_SERVER_MAX_BYTES) return 'too large';
    if (!last) return undefined;
    const whole = Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    this.#bytes = 0;
    return whole;
  }
}
