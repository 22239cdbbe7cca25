import type { GatewayControl } from '@sallyport/proto';
import type { AttachedTunnel } from './attached-tunnel.ts';

/** What agents were asked on their control streams, until they answer or the time is over. */
export class Questions<Answer> {
  readonly #waiting = new Map<number, { tunnel: AttachedTunnel; answer: (answer: Answer) => void }>();
  #number = 0;

  /**
   * Asks one agent. Undefined when no answer came in time.
   *
   * @param question makes the message; the answer names its number
   */
  async ask(
    tunnel: AttachedTunnel,
    question: (number: number) => GatewayControl,
    maxMs: number,
  ): Promise<Answer | undefined> {
    this.#number += 1;
    const number = this.#number;
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
    const timer = setTimeout(() => resolve(undefined), maxMs);
    this.#waiting.set(number, { tunnel, answer: resolve });
    tunnel.send(question(number));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(number);
    }
  }

  /** Takes an answer. Numbers never given, given to another agent, or answered already change nothing. */
  answered(tunnel: AttachedTunnel, number: number, answer: Answer): void {
    const waiting = this.#waiting.get(number);
    if (waiting?.tunnel.agent === tunnel.agent) waiting.answer(answer);
  }
}
