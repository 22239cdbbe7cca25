import { hash } from 'node:crypto';
import { ApprovalClaims } from './approvals.ts';
import { Calls } from './calls.ts';
import { isCanonical } from './canonical.ts';
import type { Signed } from './checkpoints.ts';
import { CHECKPOINT_ROUNDING_MS, ENTRY_WAIT_MAX_MS } from './limits.ts';
import { CHECKPOINTS } from './manifest.ts';
import { membersOf } from './members.ts';
import { ReceiptClaims } from './receipt-claims.ts';
import type { Tree } from './tree.ts';
import { Unproven } from './unproven.ts';

const ZERO = Buffer.of(0x00);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Goes through the entries in order and holds each against the log's rules and the checkpoints. */
export class Entries {
  readonly calls: Calls;
  readonly approvals: ApprovalClaims;
  readonly receipts = new ReceiptClaims();
  /** Digests of bodies that entries name; kept where the export has bodies. */
  readonly named = new Set<string>();
  keepNamed = false;
  readonly #origin: string;
  readonly #signed: readonly Signed[];
  readonly #tree: Tree;
  readonly #roots: Map<number, string>;
  readonly #from: number;
  #seq: number;
  /** The next checkpoint to be reached. */
  #next = 0;
  #firstTs: string | undefined;
  #lastTs = '';
  #lastMs = 0;

  /**
   * @param before the tree of what is before the first entry, and that entry's seq.
   * @param signed in order of size; the last covers all, and the first may cover less than there is before.
   * @param sizes at which the root is kept, for `rootAt`.
   */
  constructor(
    origin: string,
    before: { readonly tree: Tree; readonly from: number },
    signed: readonly Signed[],
    sizes: readonly number[] = [],
  ) {
    this.#tree = before.tree;
    this.#from = before.from;
    this.#seq = before.from;
    this.calls = new Calls(before.from > 0);
    this.approvals = new ApprovalClaims(before.from > 0);
    this.#roots = new Map(sizes.map((size) => [size, '']));
    this.#origin = origin;
    this.#signed = signed;
    this.#keepRoot();
    const [first, second] = signed;
    if (first !== undefined && first.number > 0 && first.size > before.from)
      throw new Unproven(
        CHECKPOINTS,
        `the checkpoint before ${first.number} is missing: entries here follow on it`,
      );
    if (first !== undefined && first.size < before.from) {
      // It tells the time at which the entries here were still to come.
      this.#next = 1;
      if (second !== undefined && second.size < before.from)
        throw new Unproven(CHECKPOINTS, `checkpoint ${second.number} covers nothing of this export`);
    }
    this.#passCheckpoints(CHECKPOINTS);
  }

  /** Entries of the log up to here. */
  get size(): number {
    return this.#seq;
  }

  get count(): number {
    return this.#seq - this.#from;
  }

  get firstTs(): string | undefined {
    return this.#firstTs;
  }

  get lastTs(): string {
    return this.#lastTs;
  }

  /** The root when there were so many entries, of the sizes that were asked for. */
  rootAt(size: number): string | undefined {
    return this.#roots.get(size);
  }

  root(): string {
    return this.#tree.root().toString('base64');
  }

  /**
   * Takes the next entry.
   *
   * @param file where it stands, for messages.
   * @param leaf its bytes.
   * @param recorded the hash that the gateway had of it, hexadecimal.
   * @throws Unproven
   */
  take(file: string, leaf: Buffer, recorded: string): void {
    const seq = this.#seq;
    const leafHash = hash('sha256', Buffer.concat([ZERO, leaf]), 'buffer');
    const entry = readEntry(leaf);
    if (typeof entry === 'string') throw new Unproven(file, entry, seq);
    if (entry.seq !== seq) {
      throw new Unproven(
        file,
        `here stands the entry with seq ${String(entry.seq)}: one was removed, inserted or moved`,
        seq,
      );
    }
    if (leafHash.toString('hex') !== recorded) {
      throw new Unproven(file, 'its text is not the one that was recorded: its hash is another', seq);
    }
    if (entry.origin !== this.#origin) {
      throw new Unproven(
        file,
        `it is of the log ${String(entry.origin)}, and this export is of ${this.#origin}`,
        seq,
      );
    }
    this.#takeTime(file, entry.ts);
    const wasOpen = entry.call !== undefined && this.calls.isOpen(entry.call);
    const wrong =
      this.calls.take({ seq, kind: entry.kind, call: entry.call }) ?? this.approvals.take(seq, entry.value);
    if (wrong !== undefined) throw new Unproven(file, wrong, seq);
    // Of what began before the export a receipt may be before it, too.
    const begun = entry.call === undefined || entry.kind !== 'call.outcome' || wasOpen;
    if (begun) this.receipts.take(seq, entry.value);
    if (this.keepNamed) this.#name(entry.value);
    this.#tree.append(leafHash);
    this.#seq += 1;
    this.#keepRoot();
    this.#passCheckpoints(file);
  }

  #name(entry: unknown): void {
    const { request, response } = membersOf(entry);
    for (const { digest } of [membersOf(request), membersOf(response)])
      if (typeof digest === 'string') this.named.add(digest);
  }

  #keepRoot(): void {
    if (this.#roots.has(this.#seq)) this.#roots.set(this.#seq, this.root());
  }

  #takeTime(file: string, ts: unknown): void {
    const ms = typeof ts === 'string' ? Date.parse(ts) : Number.NaN;
    if (typeof ts !== 'string' || Number.isNaN(ms) || new Date(ms).toISOString() !== ts) {
      throw new Unproven(file, 'its time is not in the form of the log', this.#seq);
    }
    if (ms < this.#lastMs)
      throw new Unproven(file, `its time ${ts} is before that of the entry before it`, this.#seq);
    const passed = this.#signed[this.#next - 1];
    if (passed !== undefined && ms < passed.firstMs - ENTRY_WAIT_MAX_MS) {
      const signedAt = new Date(passed.firstMs).toISOString();
      throw new Unproven(
        file,
        `its time ${ts} is backdated: checkpoint ${passed.number}, signed at ${signedAt}, does not cover it`,
        this.#seq,
      );
    }
    if (this.#firstTs === undefined && this.#from > 0) this.receipts.beganMs = ms;
    this.#firstTs ??= ts;
    this.#lastTs = ts;
    this.#lastMs = ms;
  }

  /** At each size that was signed the root must be the signed one, and no entry later than the signature. */
  #passCheckpoints(file: string): void {
    const reached = this.#signed[this.#next];
    if (reached === undefined || reached.size !== this.#seq) return;
    if (this.root() !== reached.root) {
      const from = this.#signed[this.#next - 1]?.size ?? 0;
      const which =
        reached.size - from === 1 ? 'it is' : `one of the entries ${from} to ${reached.size - 1} is`;
      throw new Unproven(
        file,
        `${which} not what checkpoint ${reached.number} has signed: changed, removed, inserted or moved`,
        from,
      );
    }
    if (this.#lastMs >= reached.firstMs + CHECKPOINT_ROUNDING_MS) {
      const signedAt = new Date(reached.firstMs).toISOString();
      throw new Unproven(
        file,
        `its time ${this.#lastTs} is later than checkpoint ${reached.number}, signed at ${signedAt}, which covers it`,
        this.#seq - 1,
      );
    }
    this.#next += 1;
  }
}

/** What is looked at of an entry, or what is wrong with its form. */
function readEntry(
  leaf: Buffer,
):
  | { value: unknown; seq: unknown; origin: unknown; ts: unknown; kind: string; call: string | undefined }
  | string {
  let value: unknown;
  let text: string;
  try {
    text = utf8.decode(leaf);
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON in UTF-8';
  }
  if (!isCanonical(text, value)) return 'its text is not in canonical form (RFC 8785)';
  const { v, seq, origin, ts, kind, call } = membersOf(value);
  if (v !== 1) return 'it is of a version that this verifier does not know';
  if (typeof kind !== 'string') return 'it has no kind';
  return { value, seq, origin, ts, kind, call: typeof call === 'string' ? call : undefined };
}
