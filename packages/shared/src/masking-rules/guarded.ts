import type { Clock } from '../clock.ts';
import { createStreamMasker, type MaskResult, maskMessage, type StreamMasker } from '../masking/index.ts';
import { MASK_MAX_MS } from './limits.ts';
import type { Choice } from './plans.ts';

const OVER_BUDGET: MaskResult = {
  masked: new Uint8Array(0),
  findings: [],
  refused: { reason: 'over_budget', message: 'masking took longer than it may' },
};

/** Masks one message within the time that one may take. Nothing is thrown: what fails is `refused`. */
export function maskWithin(clock: Clock, raw: Uint8Array, plan: Choice): MaskResult {
  if (plan === 'pass') return { masked: raw, findings: [] };
  const untilMs = clock.monotonicMs() + MASK_MAX_MS;
  const withinBudget = (): boolean => clock.monotonicMs() < untilMs;
  const result = maskMessage(raw, plan, { withinBudget });
  // The engine asks every 64 KiB, so a small message that took long is noticed here.
  return withinBudget() ? result : OVER_BUDGET;
}

/**
 * A stream masker that gives each result with what the caller keeps beside the message, and holds every step to the
 * time it may take. Results come in the order of the messages.
 */
export class GuardedStream<Beside> {
  readonly #clock: Clock;
  readonly #masker: StreamMasker | undefined;
  #waiting: Beside[] = [];
  #untilMs = 0;

  constructor(clock: Clock, plan: Choice) {
    this.#clock = clock;
    this.#masker =
      plan === 'pass'
        ? undefined
        : createStreamMasker(plan, { withinBudget: () => clock.monotonicMs() < this.#untilMs });
  }

  get held(): number {
    return this.#waiting.length;
  }

  push(raw: Uint8Array, beside: Beside): { result: MaskResult; beside: Beside }[] {
    if (this.#masker === undefined) return [{ result: { masked: raw, findings: [] }, beside }];
    this.#waiting.push(beside);
    return this.#step((masker) => masker.push(raw));
  }

  /** Releases what is held; what comes later is still read together with its end. */
  release(): { result: MaskResult; beside: Beside }[] {
    return this.held === 0 ? [] : this.#step((masker) => masker.release());
  }

  #step(work: (masker: StreamMasker) => MaskResult[]): { result: MaskResult; beside: Beside }[] {
    if (this.#masker === undefined) return [];
    this.#untilMs = this.#clock.monotonicMs() + MASK_MAX_MS;
    const results = work(this.#masker);
    const late = this.#clock.monotonicMs() >= this.#untilMs;
    const done = this.#waiting.splice(0, results.length);
    return done.map((beside, index) => ({ beside, result: late ? OVER_BUDGET : (results[index] ?? OVER_BUDGET) }));
  }
}
