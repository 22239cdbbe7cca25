import { errorText } from '@sallyport/shared/errors';
import { TURNS_BEFORE_PAUSE } from '../limits.ts';
import { Turns } from './turns.ts';
import type { ServerConnection } from './types.ts';

type Outgoing = Parameters<ServerConnection['send']>[0];

export interface OutwardParts {
  /** Notes a call before it is executed: false where it was executed before. Throws where that can't be noted. */
  readonly begin: (callId: string) => Promise<boolean>;
  /** False where the server does not take more for now. */
  readonly send: (outgoing: Outgoing) => boolean;
  /** Stops and goes on reading what comes from the gateway. */
  readonly pause: () => void;
  readonly resume: () => void;
}

/** Why a message was not given to its server (tunnel.proto, ExchangeEnded). */
export interface NotSent {
  readonly error: string;
  readonly detail: string;
}

/** What goes to one session's server: in order, a call only once its receipt is durable, and none twice. */
export class Outward {
  readonly #parts: OutwardParts;
  readonly #turns: Turns;
  /** The server does not take more for now. */
  #blocked = false;

  constructor(parts: OutwardParts) {
    this.#parts = parts;
    const resume = (): void => {
      if (!this.#blocked) parts.resume();
    };
    this.#turns = new Turns({ before: TURNS_BEFORE_PAUSE, pause: parts.pause, resume });
  }

  /** Gives a message to the server, or says why it may not be; neither where what waits has been dropped meanwhile. */
  send(callId: string, outgoing: Outgoing, given: () => void, notSent: (why: NotSent) => void): void {
    this.#turns.take(callId === '' ? undefined : this.#begin(callId), (why) => {
      if (why !== undefined) {
        notSent(why);
        return;
      }
      given();
      if (this.#parts.send(outgoing)) return;
      this.#blocked = true;
      this.#parts.pause();
    });
  }

  /** Does something behind what was sent before. */
  afterwards(go: () => void): void {
    this.#turns.take(undefined, go);
  }

  /** The server takes more again. */
  drained(): void {
    this.#blocked = false;
    this.#parts.resume();
  }

  /** What waits is not sent any more. */
  drop(): void {
    this.#blocked = false;
    this.#turns.drop();
  }

  /** Writes a call's receipt. @returns why it may not be executed */
  async #begin(callId: string): Promise<NotSent | undefined> {
    try {
      if (await this.#parts.begin(callId)) return undefined;
      return { error: 'duplicate_call', detail: 'the agent has executed this call before' };
    } catch (thrown) {
      return { error: 'receipt', detail: errorText(thrown) };
    }
  }
}
