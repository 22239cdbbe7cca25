import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import { parseReceipt } from '@sallyport/shared/receipts';
import type { Store } from '../store/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { beginning, follow } from './chain.ts';
import {
  COMPARED_AT_ONCE,
  PAGES_MAX,
  RECONCILE_EVERY_MS,
  SETTLED_AFTER_MS,
  UNMATCHED_ENTRIES_MAX,
} from './limits.ts';
import {
  addReceipts,
  pageOfReceipts,
  type ReceiptSpan,
  readChains,
  receiptSpans,
  seqBefore,
  unknownEndings,
  withoutIntent,
  writeChain,
} from './table.ts';
import type { KnownChain, ReceiptsAnswer, Reconciliation } from './types.ts';

/** What the room records; the audit room's drafts fit. */
export interface ReceiptEntry {
  readonly kind: 'agent.receipts' | 'agent.receipt_unmatched' | 'call.reconciled';
  readonly agent: string;
  readonly call?: string;
  readonly server?: string;
  readonly session?: string;
  readonly fields: { readonly [name: string]: string | number | boolean | undefined };
}

export interface ReceiptsOptions {
  readonly store: Pick<Store, 'pool'>;
  readonly slot: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Asks an agent; undefined when it is away or does not answer. */
  readonly ask: (
    agent: string,
    known: { readonly chain: string; readonly after: number },
  ) => Promise<ReceiptsAnswer | undefined>;
  readonly record: (entry: ReceiptEntry) => Promise<unknown>;
  /** Entries in the log. */
  readonly logSize: () => number;
  /** Age at which an ending is compared; for tests. */
  readonly settledAfterMs?: number;
}

/**
 * Agents' receipts against the log's intents: what an agent has executed must have been recorded before, and of what
 * ended as unknown the agent can say whether it had begun.
 */
export class Receipts {
  readonly #options: ReceiptsOptions;
  /** One comparison of an agent at a time. */
  readonly #running = new Map<string, Promise<Reconciliation>>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #closed = false;

  constructor(options: ReceiptsOptions) {
    this.#options = options;
  }

  /** An agent is attached: it is asked now, and from now on again and again. */
  attached(agent: string): void {
    clearInterval(this.#timers.get(agent));
    const timer = setInterval(() => this.#inBackground(agent), RECONCILE_EVERY_MS);
    timer.unref();
    this.#timers.set(agent, timer);
    this.#inBackground(agent);
  }

  /** Compares an agent's receipts with the log. */
  reconcile(agent: string): Promise<Reconciliation> {
    const before = this.#running.get(agent) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(() => this.#reconcile(agent));
    this.#running.set(agent, mine);
    return mine;
  }

  chains(): Promise<KnownChain[]> {
    return readChains(this.#options.store.pool);
  }

  /** Which receipts belong to entries `from` to `until` - 1. */
  spans(from: number, until: number): Promise<ReceiptSpan[]> {
    const { store, slot } = this.#options;
    return receiptSpans(store.pool, { slot, from, until });
  }

  /** A page of receipts, for an export. */
  page(
    after: Parameters<typeof pageOfReceipts>[1],
    limit: number,
    spans?: readonly ReceiptSpan[],
  ): ReturnType<typeof pageOfReceipts> {
    return pageOfReceipts(this.#options.store.pool, after, limit, spans);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearInterval(timer);
    await Promise.allSettled(this.#running.values());
  }

  #inBackground(agent: string): void {
    if (this.#closed) return;
    this.reconcile(agent).catch((thrown: unknown) =>
      this.#options.logger.error("an agent's receipts were not compared with the log", {
        agent,
        error: errorText(thrown),
      }),
    );
  }

  async #reconcile(agent: string): Promise<Reconciliation> {
    const { ask, logSize } = this.#options;
    const asOf = logSize();
    let known = (await readChains(this.#options.store.pool, agent))[0];
    const before = known?.size ?? 0;
    let page = await ask(agent, { chain: known?.chain ?? '', after: known?.size ?? 0 });
    if (page === undefined) return { ...EMPTY, agent, state: 'away', size: before };
    if (page.problem !== '') return { ...EMPTY, agent, state: 'problem', detail: page.problem, size: before };
    if (known?.problem !== undefined && known.chain === page.chain)
      return { ...EMPTY, agent, state: 'problem', detail: known.problem, size: before };
    if (known?.chain !== page.chain) known = await this.#begin(agent, known, page, asOf);
    const first = known.size;
    for (let pages = 0; page !== undefined && pages < PAGES_MAX; pages += 1) {
      const followed = follow(agent, known, page);
      if ('problem' in followed) return await this.#broken(known, page, followed.problem);
      known = await addReceipts(this.#options.store.pool, { ...known, at: this.#now() }, followed);
      if (page.lines.length === 0 || known.size >= page.size) break;
      page = await ask(agent, { chain: known.chain, after: known.size });
    }
    return await this.#compare(known, known.size - first, asOf);
  }

  /** A chain that was not known. One that replaces another is worth an entry: the other's receipts have an end. */
  async #begin(
    agent: string,
    before: KnownChain | undefined,
    page: ReceiptsAnswer,
    asOf: number,
  ): Promise<KnownChain> {
    const start = beginning(page);
    if (before !== undefined) {
      this.#options.logger.error('an agent begins its receipts anew', { agent, before: before.chain });
      await this.#options.record({
        kind: 'agent.receipts',
        agent,
        fields: {
          problem: 'the agent began its receipts anew',
          chain: page.chain,
          size: page.size,
          head: page.head,
          beforeChain: before.chain,
          beforeSize: before.size,
          beforeHead: before.head,
        },
      });
    }
    const known = { ...start, agent, recorded: start.size, settledSeq: asOf, at: this.#now() };
    await writeChain(this.#options.store.pool, known);
    return known;
  }

  /** What the agent shows does not follow on what it showed: both heads are evidence, and nothing more is believed. */
  async #broken(known: KnownChain, page: ReceiptsAnswer, problem: string): Promise<Reconciliation> {
    const { agent, chain, size, head } = known;
    this.#options.logger.error("an agent's receipts are not believed any more", { agent, problem });
    await this.#options.record({
      kind: 'agent.receipts',
      agent,
      fields: { problem, chain, beforeSize: size, beforeHead: head, size: page.size, head: page.head },
    });
    await writeChain(this.#options.store.pool, { ...known, problem });
    return { ...EMPTY, agent, state: 'problem', detail: problem, size };
  }

  /** Holds what is not recorded yet against the log, and records what came of it together with the chain's head. */
  async #compare(known: KnownChain, added: number, asOf: number): Promise<Reconciliation> {
    const { store, record } = this.#options;
    const unmatched = await this.#unmatched(known);
    const settled = await this.#settle(known, asOf);
    if (known.size > known.recorded || settled.withReceipt + settled.withoutReceipt > 0) {
      const { agent, chain, size, head, recorded: from } = known;
      await record({ kind: 'agent.receipts', agent, fields: { chain, from, size, head, asOf, unmatched } });
    }
    await writeChain(store.pool, { ...known, recorded: known.size, settledSeq: settled.until });
    const { withReceipt, withoutReceipt } = settled;
    return {
      agent: known.agent,
      state: 'done',
      size: known.size,
      added,
      unmatched,
      withReceipt,
      withoutReceipt,
    };
  }

  async #unmatched(known: KnownChain): Promise<number> {
    const { store, record, logger } = this.#options;
    let count = 0;
    for (let from = known.recorded; from < known.size; from += COMPARED_AT_ONCE) {
      const until = Math.min(known.size, from + COMPARED_AT_ONCE);
      for (const { n, line } of await withoutIntent(store.pool, known, from, until)) {
        count += 1;
        if (count > UNMATCHED_ENTRIES_MAX) continue;
        const receipt = parseReceipt(line);
        logger.error('an agent executed a call that the log has no intent of', {
          agent: known.agent,
          call: receipt?.call,
        });
        await record({
          kind: 'agent.receipt_unmatched',
          agent: known.agent,
          ...(receipt === undefined ? {} : { call: receipt.call, session: receipt.session }),
          fields: { chain: known.chain, n, at: receipt?.at, agentServer: receipt?.server },
        });
      }
    }
    return count;
  }

  /** Of calls that ended as unknown it is recorded whether the agent had begun them. */
  async #settle(
    known: KnownChain,
    asOf: number,
  ): Promise<{ until: number; withReceipt: number; withoutReceipt: number }> {
    const { store, slot, clock, record } = this.#options;
    const oldMs = clock.now() - (this.#options.settledAfterMs ?? SETTLED_AFTER_MS);
    const before = new Date(oldMs).toISOString();
    const until = await seqBefore(store.pool, slot, known.settledSeq, asOf, before);
    const range = { slot, from: known.settledSeq, until, before };
    const counts = { withReceipt: 0, withoutReceipt: 0 };
    for (const { seq, call, leaf, receipt } of await unknownEndings(store.pool, known.agent, range)) {
      // Cast: the leaf is our own canonical JSON of an entry.
      const { agent, server, session } = JSON.parse(leaf) as Partial<Record<string, string>>;
      if (agent !== known.agent) continue;
      counts[receipt ? 'withReceipt' : 'withoutReceipt'] += 1;
      await record({
        kind: 'call.reconciled',
        agent,
        call,
        ...(server === undefined ? {} : { server }),
        ...(session === undefined ? {} : { session }),
        fields: { receipt, endingSeq: seq, chain: known.chain, size: known.size },
      });
    }
    return { ...counts, until };
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }
}

const EMPTY = { added: 0, unmatched: 0, withReceipt: 0, withoutReceipt: 0 } as const;
