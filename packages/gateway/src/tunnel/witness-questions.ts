import type { AttachedTunnel } from './attached-tunnel.ts';
import type { WitnessAnswer } from './types.ts';

/** Checkpoints that agents were asked to countersign, until they answer or the time is over. */
export class WitnessQuestions {
  readonly #waiting = new Map<number, { tunnel: AttachedTunnel; answer: (answer: WitnessAnswer) => void }>();
  #number = 0;

  /** Undefined when no answer came in time. */
  async ask(
    tunnel: AttachedTunnel,
    question: { readonly request: string; readonly logKeys: readonly string[] },
    maxMs: number,
  ): Promise<WitnessAnswer | undefined> {
    this.#number += 1;
    const number = this.#number;
    const { promise, resolve } = Promise.withResolvers<WitnessAnswer | undefined>();
    const timer = setTimeout(() => resolve(undefined), maxMs);
    this.#waiting.set(number, { tunnel, answer: resolve });
    tunnel.send({
      witnessRequest: { number, request: question.request, logKeys: [...question.logKeys] },
    });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(number);
    }
  }

  /** Takes an answer. Numbers never given, given to another agent, or answered already change nothing. */
  answered(tunnel: AttachedTunnel, number: number, answer: WitnessAnswer): void {
    const waiting = this.#waiting.get(number);
    if (waiting?.tunnel.agent === tunnel.agent) waiting.answer(answer);
  }
}
