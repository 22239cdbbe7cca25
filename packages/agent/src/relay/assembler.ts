import { MESSAGE_TO_SERVER_MAX_BYTES } from '@sallyport/shared/limits';
import type { MaskingScope } from './types.ts';

/** A message to the server, as far as its parts have come. */
interface Assembly {
  readonly exchange: number;
  readonly callId: string;
  readonly expectsAnswer: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly masking: MaskingScope | null | undefined;
  parts: Buffer[];
  sizeBytes: number;
  tooLarge: boolean;
}

export interface Part {
  readonly exchange: number;
  readonly callId: string;
  readonly payload: Buffer;
  readonly last: boolean;
  readonly expectsAnswer: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly masking?: MaskingScope | null | undefined;
}

export interface Assembled extends Omit<Part, 'last'> {
  /** The message passed MESSAGE_TO_SERVER_MAX_BYTES; its payload was dropped. */
  readonly tooLarge: boolean;
}

/** Puts the parts of one message together; at most one is under way in a channel (tunnel.proto, ToServer). */
export class Assembler {
  #assembly: Assembly | undefined;

  get idle(): boolean {
    return this.#assembly === undefined;
  }

  /** The whole message with its last part, undefined before. */
  add(part: Part): Assembled | undefined {
    this.#assembly ??= {
      exchange: part.exchange,
      callId: part.callId,
      expectsAnswer: part.expectsAnswer,
      headers: part.headers,
      masking: part.masking,
      parts: [],
      sizeBytes: 0,
      tooLarge: false,
    };
    const assembly = this.#assembly;
    assembly.sizeBytes += part.payload.length;
    if (assembly.sizeBytes > MESSAGE_TO_SERVER_MAX_BYTES) {
      assembly.tooLarge = true;
      assembly.parts = [];
    } else assembly.parts.push(part.payload);
    if (!part.last) return undefined;
    this.#assembly = undefined;
    const { exchange, callId, expectsAnswer, headers, masking, tooLarge } = assembly;
    const payload = assembly.parts.length === 1 ? part.payload : Buffer.concat(assembly.parts);
    return { exchange, callId, expectsAnswer, headers, masking, payload, tooLarge };
  }
}
