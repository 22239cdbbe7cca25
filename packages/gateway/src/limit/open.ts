import { createHash } from 'node:crypto';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import type { RedisConnection, Store } from '../store/index.ts';
import { amountAt, type NumberLexeme } from './amount.ts';
import { Counter, type CounterPlace } from './counters.ts';
import { LimitError } from './errors.ts';
import { CLEAR_EVERY_MS } from './limits.ts';
import type { Admission, LimitQuestion, LimitRule, Limits } from './types.ts';

export interface LimitsOptions {
  readonly pool: Store['pool'];
  /** Counts calls, where it is given. Amounts stay on Postgres: a Redis that restarts may have forgotten them. */
  readonly redis?: RedisConnection['client'];
  readonly logger: Logger;
  readonly numberLexeme: NumberLexeme;
}

interface InForce {
  readonly rule: LimitRule;
  readonly calls: Counter | undefined;
  readonly budget: Counter | undefined;
}

const NOTHING: Admission = Object.freeze({ release: () => undefined });

/** Rate limits, budgets and limits on calls at once. Where no rule applies nothing is asked of the database. */
export class OpenLimits implements Limits {
  readonly #options: LimitsOptions;
  readonly #running = new Map<string, number>();
  readonly #clearing: NodeJS.Timeout;
  #rules: readonly InForce[] = [];

  constructor(options: LimitsOptions) {
    this.#options = options;
    this.#clearing = setInterval(() => this.#clear(), CLEAR_EVERY_MS);
    this.#clearing.unref();
  }

  use(rules: readonly LimitRule[]): void {
    const { pool, redis } = this.#options;
    const counts: CounterPlace = redis === undefined ? { pool } : { redis };
    this.#rules = rules.map((rule) => ({
      rule,
      calls: rule.calls && new Counter(counts, `c:${rule.name}`, rule.calls.max, rule.calls.seconds),
      budget: rule.budget && new Counter({ pool }, `b:${rule.name}`, rule.budget.max, rule.budget.seconds),
    }));
  }

  async admit(question: LimitQuestion): Promise<Admission> {
    const applying = this.#rules.filter(({ rule }) => applies(rule, question));
    if (applying.length === 0) return NOTHING;
    const undo: ((sent: boolean) => Promise<unknown> | undefined)[] = [];
    const release = (sent: boolean): void => {
      for (const step of undo.splice(0)) {
        step(sent)?.catch((error: unknown) =>
          this.#options.logger.warn('a limit was not given back; it counts a call that was not sent', {
            reason: errorText(error),
          }),
        );
      }
    };
    try {
      for (const inForce of applying) await this.#count(inForce, question, undo);
    } catch (thrown) {
      release(false);
      throw thrown;
    }
    return { release };
  }

  async close(): Promise<void> {
    clearInterval(this.#clearing);
  }

  async #count(
    { rule, calls, budget }: InForce,
    question: LimitQuestion,
    undo: ((sent: boolean) => Promise<unknown> | undefined)[],
  ): Promise<void> {
    const key = keyOf(rule, question);
    if (rule.concurrent !== undefined) {
      const slot = `${rule.name}\n${key}`;
      const running = this.#running.get(slot) ?? 0;
      if (running >= rule.concurrent) {
        throw new LimitError(
          'exceeded',
          rule.name,
          `At most ${rule.concurrent} calls at once are allowed here. Wait for one to end.`,
        );
      }
      this.#running.set(slot, running + 1);
      undo.push(() => this.#leave(slot));
    }
    if (calls !== undefined && rule.calls !== undefined) {
      const { max, seconds } = rule.calls;
      await this.#take(rule, calls, key, 1, `At most ${max} calls in ${seconds} s are allowed here.`);
      undo.push((sent) => (sent ? undefined : calls.give(key, 1)));
    }
    if (budget !== undefined && rule.budget !== undefined) {
      const { argument, max, seconds, scale } = rule.budget;
      const amount = amountAt(question.arguments?.(), argument, scale, this.#options.numberLexeme);
      if (amount === undefined) {
        throw new LimitError(
          'amount',
          rule.name,
          `A budget counts the argument "${argument}", and this call does not give it as a plain amount of at most ${scale} decimals.`,
        );
      }
      const words = `At most ${max / 10 ** scale} of "${argument}" in ${seconds} s is allowed here, and this call would pass it.`;
      await this.#take(rule, budget, key, amount, words);
      undo.push((sent) => (sent ? undefined : budget.give(key, amount)));
    }
  }

  async #take(rule: LimitRule, counter: Counter, key: string, points: number, words: string): Promise<void> {
    const refused = await counter.take(key, points).catch((cause: unknown) => {
      throw new LimitError(
        'unavailable',
        rule.name,
        `The limits on this call could not be counted, because ${counter.place} does not answer, so it was not sent. Try again.`,
        { cause },
      );
    });
    if (refused === undefined) return;
    const seconds = Math.max(1, Math.ceil(refused.waitMs / 1_000));
    throw new LimitError('exceeded', rule.name, `${words} Try again in ${seconds} s.`, {
      retryAfterMs: seconds * 1_000,
    });
  }

  #leave(slot: string): undefined {
    const left = (this.#running.get(slot) ?? 1) - 1;
    if (left > 0) this.#running.set(slot, left);
    else this.#running.delete(slot);
  }

  #clear(): void {
    const { pool, logger } = this.#options;
    // What stays a little longer counts for nothing: its window is over.
    pool
      .query('DELETE FROM limit_counters WHERE expire < $1', [Date.now() - CLEAR_EVERY_MS])
      .catch((error: unknown) => logger.debug('old counters not removed yet', { reason: errorText(error) }));
  }
}

function applies(rule: LimitRule, { principal, server, tool }: LimitQuestion): boolean {
  const { principals, groups, servers, tools } = rule;
  return (
    (principals === undefined || principals.includes(principal.name)) &&
    (groups === undefined || groups.some((group) => principal.groups.includes(group))) &&
    (servers === undefined || servers.includes(server)) &&
    (tools === undefined || (tool !== undefined && tools.includes(tool)))
  );
}

/** A digest, because names are longer than the counter's key may be. */
function keyOf(rule: LimitRule, { principal, server, tool }: LimitQuestion): string {
  const values = { principal: `${principal.kind}:${principal.name}`, server, tool: tool ?? '' };
  const parts = rule.per.map((dimension) => values[dimension]);
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
