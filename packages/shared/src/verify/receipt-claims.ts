import { membersOf } from './members.ts';

/** What an entry of kind `agent.receipts` says: so many receipts had an agent, and this was the last one's hash. */
export interface HeadClaim {
  readonly seq: number;
  readonly agent: string;
  readonly chain: string;
  readonly size: number;
  readonly head: string;
  /** Entries there were when the agent was asked. */
  readonly asOf: number;
}

/** What the log itself says of agents' receipts, collected while its entries are read. */
export class ReceiptClaims {
  readonly heads: HeadClaim[] = [];
  /** What the log says is wrong with agents' receipts, in words. */
  readonly problems: string[] = [];
  /** Calls that the log says were executed without an intent, and the seq of the entry that says so. */
  readonly unmatched = new Map<string, number>();
  readonly #byKey = new Map<string, HeadClaim[]>();
  /** Calls that an agent answered and that no receipt was seen of. */
  readonly #answered = new Map<string, { readonly agent: string; readonly seq: number }>();
  readonly #broken = new Set<string>();
  /** Time of the first entry, where the export begins behind the log's first: milliseconds since 1970. */
  beganMs: number | undefined;

  /** Takes an entry that was verified. */
  take(seq: number, entry: unknown): void {
    const { kind, agent, call, fields, outcome } = membersOf(entry);
    if (typeof agent !== 'string') return;
    if (kind === 'call.outcome' && typeof call === 'string') {
      const { transport } = membersOf(outcome);
      if (transport === 'answered') this.#answered.set(call, { agent, seq });
    } else if (kind === 'agent.receipt_unmatched' && typeof call === 'string') {
      this.unmatched.set(call, seq);
    } else if (kind === 'agent.receipts') this.#claim(seq, agent, membersOf(fields));
  }

  #claim(seq: number, agent: string, fields: Readonly<Record<string, unknown>>): void {
    const { problem, chain, size, head, asOf } = fields;
    if (typeof problem === 'string') {
      this.#broken.add(agent);
      this.problems.push(`what agent ${agent} executed: ${problem} (entry ${seq})`);
      return;
    }
    if (typeof chain !== 'string' || typeof head !== 'string') return;
    if (typeof size !== 'number' || typeof asOf !== 'number') return;
    const claim = { seq, agent, chain, size, head, asOf };
    this.heads.push(claim);
    const key = `${agent}\n${chain}`;
    this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), claim]);
  }

  /** The claim of exactly so many receipts of a chain. */
  headAt(key: string, size: number): HeadClaim | undefined {
    return this.#byKey.get(key)?.find((claim) => claim.size === size);
  }

  /** How many receipts of a chain the log speaks of. */
  covered(key: string): number {
    return this.#byKey.get(key)?.at(-1)?.size ?? 0;
  }

  /** The entry that first speaks of a receipt. */
  coveredBy(key: string, n: number): number | undefined {
    return this.#byKey.get(key)?.find(({ size }) => size > n)?.seq;
  }

  /** A receipt was seen. */
  received(call: string): void {
    this.#answered.delete(call);
  }

  /**
   * A call that an agent answered between the first and the last time that it was asked, and has no receipt of. None
   * is named of an agent whose receipts were not believed, which the problems say.
   */
  answeredWithoutReceipt(): { agent: string; call: string; seq: number } | undefined {
    const asked = new Map<string, { first: number; last: number }>();
    for (const { agent, asOf } of this.heads) {
      const before = asked.get(agent);
      asked.set(agent, { first: before?.first ?? asOf, last: asOf });
    }
    for (const [call, { agent, seq }] of this.#answered) {
      const span = asked.get(agent);
      if (span === undefined || this.#broken.has(agent)) continue;
      if (seq >= span.first && seq < span.last) return { agent, call, seq };
    }
    return undefined;
  }
}
