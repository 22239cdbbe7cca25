import type { RefusalCode } from './types.ts';

/** Why a channel can't be opened, in a code for the gateway and words for its operator. Never payload. */
export class RelayRefusal extends Error {
  override readonly name = 'RelayRefusal';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, words: string, options: { cause?: unknown } = {}) {
    super(words, options);
    this.code = code;
  }
}
