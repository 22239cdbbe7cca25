import type { Clock } from '../clock.ts';
import {
  type Analysed,
  createStreamMasker,
  type MaskResult,
  maskMessage,
  type StreamMasker,
} from '../masking/index.ts';
import { MASK_MAX_MS } from './limits.ts';
import type { Choice } from './plans.ts';

const OVER_BUDGET: MaskResult = {
  masked: new Uint8Array(0),
  findings: [],
  refused: { reason: 'over_budget', message: 'masking took longer than it may' },
};

/** Masks one message within the time that one may take. Nothing is thrown: what fails is `refused`. */
export function maskWithin(clock: Clock, raw: Uint8Array, plan: Choice, analysed?: Analysed): MaskResult {
  if (plan === 'pass') return { masked: raw, findings: [] };
  const untilMs = clock.monotonicMs() + MASK_MAX_MS;
  const withinBudget = (): boolean => clock.monotonicMs() < untilMs;
  const result = maskMessage(raw, plan, { withinBudget, ...(analysed === undefined ? {} : { analysed }) });
  // The engine asks every 64 KiB, so a small message that took long is noticed here.
  return withinBudget() ? result : OVER_BUDGET;
}

/** A message of a stream, with what the caller keeps beside it. */
interface Waiting<Beside> {
  readonly beside: Beside;
  /** What was found in the message by itself. */
  readonly findings: MaskResult['findings'];
}

export interface StreamResult<Beside> {
  readonly beside: Beside;
  readonly result: MaskResult;
}

/**
 * A stream masker that gives each result with what the caller keeps beside the message, and holds every step to the
 * time it may take. Results come in the order of the messages.
 *
 * Each message is masked by itself first and then read together with its neighbours: read together alone, a digit at
 * the end of one message would hide a whole number at the beginning of the next.
 */
export class GuardedStream<Beside> {
  readonly #clock: Clock;
  readonly #plan: Choice;
  readonly #masker: StreamMasker | undefined;
  readonly #waiting: Waiting<Beside>[] = [];
  #untilMs = 0;

  constructor(clock: Clock, plan: Choice) {
    this.#clock = clock;
    this.#plan = plan;
    this.#masker =
      plan === 'pass'
        ? undefined
        : createStreamMasker(plan, {
            withinBudget: () => clock.monotonicMs() < this.#untilMs,
            // Each message is analysed by itself, when it comes.
            analysed: 'elsewhere',
          });
  }

  get held(): number {
    return this.#waiting.length;
  }

  push(raw: Uint8Array, beside: Beside, analysed?: Analysed): StreamResult<Beside>[] {
    const alone = maskWithin(this.#clock, raw, this.#plan, analysed);
    if (this.#masker === undefined || alone.refused !== undefined) {
      return [...this.release(), { result: alone, beside }];
    }
    this.#waiting.push({ beside, findings: alone.findings });
    return this.#step((masker) => masker.push(alone.masked));
  }

  /** Releases what is held; what comes later is still read together with its end. */
  release(): StreamResult<Beside>[] {
    return this.held === 0 ? [] : this.#step((masker) => masker.release());
  }

  #step(work: (masker: StreamMasker) => MaskResult[]): StreamResult<Beside>[] {
    if (this.#masker === undefined) return [];
    this.#untilMs = this.#clock.monotonicMs() + MASK_MAX_MS;
    const results = work(this.#masker);
    const late = this.#clock.monotonicMs() >= this.#untilMs;
    const done = this.#waiting.splice(0, results.length);
    return done.map(({ beside, findings }, index) => {
      const result = results[index];
      if (late || result === undefined) return { beside, result: OVER_BUDGET };
      return { beside, result: { ...result, findings: [...findings, ...result.findings] } };
    });
  }
}
