import type { Message } from '@sallyport/shared/jsonrpc';

/** A message with nothing left in it that a rule hides, and what was hidden, by rule. */
export interface MaskedMessage {
  readonly raw: Buffer;
  /** Rule name → number of redactions. Empty where nothing was hidden. Never a value. */
  readonly findings: Readonly<Record<string, number>>;
}

/** The masking room's door. */
export interface Masking {
  /**
   * Masks a message on its way to a person. Synchronous: nothing is released that was not masked.
   * @throws when it can't do its work; the caller then withholds the message.
   */
  toClient(message: Message, about: { server: string; method: string }): MaskedMessage;
}

const NOTHING: Readonly<Record<string, number>> = Object.freeze({});

/** Passes everything through while no masking rule exists: there is nothing that a rule would hide. */
export function createMasking(): Masking {
  return { toClient: (message) => ({ raw: message.raw, findings: NOTHING }) };
}
