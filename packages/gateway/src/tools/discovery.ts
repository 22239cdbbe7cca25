import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import { ASK_AGAIN_MS, ASK_EVERY_MS, ASK_GAP_MS, FIRST_ANSWER_WAIT_MS } from './limits.ts';

/** A server whose agent can be asked now. */
export interface Askable {
  readonly server: string;
  readonly agent: string;
  /** Changes where the server at the agent may be another one. */
  readonly identity: string;
}

export interface DiscoveryOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Servers that are switched on, whose agents are attached, and which answer. */
  readonly askable: () => readonly Askable[];
  /** Servers that may become askable soon: their agent has not probed them to the end. */
  readonly coming: (server: string) => boolean;
  /** The server's definitions as a JSON array, or why there are none, in words. */
  readonly ask: (of: Askable) => Promise<{ readonly definitions: Buffer } | { readonly problem: string }>;
  /** Takes a whole list. */
  readonly take: (server: string, definitions: Buffer) => Promise<void>;
}

interface Asked {
  identity: string;
  running: boolean;
  /** Asked for again while it ran. */
  again: boolean;
  nextMs: number;
  askedMs: number;
  /** A question has ended since the server was last another one. */
  settled: boolean;
  problem: string | undefined;
  readonly waiting: (() => void)[];
}

/** Asks agents what tools their servers define: when a server appears or changes, when it says so, and in between. */
export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #asked = new Map<string, Asked>();

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /** Looks whether a question is due, and asks. */
  look(): void {
    const { clock, askable } = this.#options;
    const now = clock.monotonicMs();
    for (const of of askable()) {
      const asked = this.#of(of.server);
      if (asked.identity !== of.identity) {
        asked.identity = of.identity;
        asked.settled = false;
        asked.nextMs = now;
      }
      if (asked.nextMs > now || asked.running) continue;
      asked.running = true;
      asked.again = false;
      asked.askedMs = now;
      void this.#ask(of, asked);
    }
  }

  /** An agent is attached anew: its servers may be others. */
  forget(agent: string): void {
    for (const { server, agent: own } of this.#options.askable()) {
      const asked = this.#asked.get(server);
      if (own === agent && asked !== undefined) asked.identity = '';
    }
  }

  /** The server said, or somebody wants to know, that its tools have changed. */
  changed(server: string): void {
    const asked = this.#asked.get(server);
    if (asked === undefined) {
      this.look();
      return;
    }
    if (asked.running) {
      asked.again = true;
      return;
    }
    const now = this.#options.clock.monotonicMs();
    asked.nextMs = Math.min(asked.nextMs, Math.max(now, asked.askedMs + ASK_GAP_MS));
    if (asked.nextMs <= now) this.look();
    else setTimeout(() => this.look(), asked.nextMs - now).unref();
  }

  /** Why the last question had no answer, in words. */
  problem(server: string): string | undefined {
    return this.#asked.get(server)?.problem;
  }

  /** Resolves when the server's first question has ended, however it did; at once where none is to come. */
  async settled(server: string): Promise<void> {
    const asked = this.#of(server);
    const askable = this.#options.askable().some((each) => each.server === server);
    if (asked.settled || (!askable && !this.#options.coming(server))) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, FIRST_ANSWER_WAIT_MS);
    asked.waiting.push(resolve);
    this.look();
    await promise;
    clearTimeout(timer);
  }

  async #ask(of: Askable, asked: Asked): Promise<void> {
    const { clock, logger, ask, take } = this.#options;
    const { server } = of;
    try {
      const answer = await ask(of);
      if ('definitions' in answer) await take(server, answer.definitions);
      asked.problem = 'problem' in answer ? answer.problem : undefined;
    } catch (thrown) {
      asked.problem = errorText(thrown);
    }
    if (asked.problem !== undefined)
      logger.warn('what tools a server defines is not known', { server, problem: asked.problem });
    asked.running = false;
    asked.settled = true;
    for (const wake of asked.waiting.splice(0)) wake();
    const waitMs = asked.again ? ASK_GAP_MS : asked.problem === undefined ? ASK_EVERY_MS : ASK_AGAIN_MS;
    asked.nextMs = clock.monotonicMs() + waitMs;
    if (asked.again) setTimeout(() => this.look(), waitMs).unref();
  }

  #of(server: string): Asked {
    const known = this.#asked.get(server);
    if (known !== undefined) return known;
    const fresh: Asked = {
      identity: '',
      running: false,
      again: false,
      nextMs: 0,
      askedMs: -ASK_GAP_MS,
      settled: false,
      problem: undefined,
      waiting: [],
    };
    this.#asked.set(server, fresh);
    return fresh;
  }
}
