import type { Message } from '@sallyport/shared/jsonrpc';
import type { Finding } from '@sallyport/shared/masking';
import type { RuleSet } from '@sallyport/shared/masking-rules';
import type { MaskingRefusal } from './refusal.ts';

/** What a message is about: which rules hold for it. */
export interface MaskAbout {
  /** Name of the Server document. */
  readonly server: string;
  /** The tool that is called; absent for what is no call of a tool. */
  readonly tool?: string;
  readonly method: string;
  readonly principal: {
    readonly kind: 'service-account' | 'user';
    readonly name: string;
    readonly groups: readonly string[];
  };
  /** Session id. */
  readonly session: string;
}

/** A message with nothing left in it that a rule hides, and what was hidden. Never a value. */
export interface MaskedMessage {
  /** The very buffer that was given where nothing was found. */
  readonly raw: Buffer;
  readonly findings: readonly Finding[];
}

/** A message of a stream, and what became of it. */
export interface Released {
  readonly message: Message;
  readonly result: MaskedMessage | MaskingRefusal;
}

/** The messages of one call or one listener, read as one running text: a value split over them is found. */
export interface MaskingStream {
  /** Takes a message; gives those that can be released now, in the order in which they came. */
  push(message: Message): Released[];
  /** Gives everything held. What comes later is still read together with the end of it. */
  release(): Released[];
  /** Messages held. */
  readonly held: number;
}

/** The masking room's door. Everything is synchronous: nothing is released that was not masked. */
export interface Masking {
  /**
   * Masks a message on its way to a person.
   * @throws MaskingRefusal when it can't be done; the caller then withholds the message.
   */
  toClient(message: Message, about: MaskAbout): MaskedMessage;
  /**
   * Masks a message on its way to a server, where a rule says so.
   * @throws MaskingRefusal when it can't be done or a rule refuses it; the message is then not sent.
   */
  toServer(message: Message, about: MaskAbout): MaskedMessage;
  /**
   * Masks a message for the record: by the rules of all groups, and never less than PCI and secrets.
   * @throws MaskingRefusal when it can't be done; the readable form is then not kept.
   */
  toRecord(message: Message, about: MaskAbout): MaskedMessage;
  /** For what comes before an answer, and the answer. */
  stream(about: MaskAbout): MaskingStream;
  /** Puts rules in force. */
  use(rules: RuleSet): void;
  /** The rules in force. */
  rules(): RuleSet;
}
