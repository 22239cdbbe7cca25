import { ALNUM, COMMA, isDigit, NEWLINE, SPACE } from './bytes.ts';
import { meaningBefore } from './context.ts';
import { CLUSTER_MAX_DIGITS, CLUSTER_MAX_GROUPS } from './limits.ts';

/** Separators that may stand between the digits of one value. 2: a hard one, which most values don't cross. */
const SEPARATOR = new Uint8Array(256);
for (const byte of [SPACE, 0x2d, 0x2e, 0x2f, 0x28, 0x29, 0x5f]) SEPARATOR[byte] = 1;
for (const byte of [NEWLINE, 0x0d, 0x09, COMMA, 0x7c]) SEPARATOR[byte] = 2;

/** Most separator bytes between two digits: " - ", ") ", CR LF. */
const GAP_MAX_BYTES = 3;

/**
 * Digits that stand together: groups of digits with gaps of a few separators. One object is used again for every
 * cluster, so that a number costs no allocation.
 */
export class Cluster {
  /** Digit values, 0–9. */
  readonly digits = new Uint8Array(CLUSTER_MAX_DIGITS);
  /** Digits before group g; `first[groups]` is the total. */
  readonly first = new Uint8Array(CLUSTER_MAX_GROUPS + 1);
  /** Where group g begins and ends in the text. */
  readonly from = new Int32Array(CLUSTER_MAX_GROUPS);
  readonly to = new Int32Array(CLUSTER_MAX_GROUPS);
  /** First separator before group g (0 for the first), how many bytes, and whether any of them is hard. */
  readonly gap = new Uint8Array(CLUSTER_MAX_GROUPS);
  readonly gapBytes = new Uint8Array(CLUSTER_MAX_GROUPS);
  readonly hard = new Uint8Array(CLUSTER_MAX_GROUPS);
  groups = 0;
  total = 0;
  /** Byte before the first digit and after the last; 0 at the text's edge. */
  before = 0;
  after = 0;
  /** Bounds of the text the cluster was read from. */
  floor = 0;
  limit = 0;
  /** True where reading stopped because the cluster is full, not because the digits end. */
  truncated = false;
  buffer: Uint8Array = new Uint8Array(0);
  /** Meaning of the key about the cluster, and of the words before it once they were read. */
  #bits = 0;
  #read = true;
  /** Set by a detector whose finding begins before or ends after its digits ("(555)", "x12"); -1 where it doesn't. */
  spanFrom = -1;
  spanTo = -1;

  /** Sets what is known without reading the words before the cluster; `read` where they are not to be read. */
  setMeaning(bits: number, read: boolean): void {
    this.#bits = bits;
    this.#read = read;
  }

  /** Meaning of the key and the words about the group in question. The words are read only for who asks. */
  get bits(): number {
    if (!this.#read) {
      this.#read = true;
      this.#bits |= meaningBefore(this.buffer, this.floor, this.from[0] ?? 0);
    }
    return this.#bits;
  }

  /** Digits in group g. */
  size(g: number): number {
    return g >= 0 && g < this.groups ? (this.first[g + 1] ?? 0) - (this.first[g] ?? 0) : 0;
  }

  digit(index: number): number {
    return this.digits[index] ?? 0;
  }

  start(g: number): number {
    return this.from[g] ?? 0;
  }

  end(g: number): number {
    return this.to[g] ?? 0;
  }

  /** Value of digits [from, to) as an integer; at most 9 of them. */
  value(from: number, to: number): number {
    let value = 0;
    for (let i = from; i < to; i += 1) value = value * 10 + (this.digits[i] ?? 0);
    return value;
  }

  /**
   * Reads the cluster that begins with the digit at `at`.
   * @returns where the text goes on after it.
   */
  read(b: Uint8Array, floor: number, at: number, limit: number): number {
    const { digits, first, from, to } = this;
    const separator = SEPARATOR;
    let groups = 0;
    let total = 0;
    let i = at;
    let gapAt = at;
    this.truncated = false;
    for (;;) {
      const begin = total;
      // Beyond the buffer's end the value is NaN, which no comparison takes for a digit.
      let value = (b[i] as number) - 0x30;
      const groupFrom = i;
      while (value >= 0 && value <= 9 && i < limit && total < CLUSTER_MAX_DIGITS) {
        digits[total] = value;
        total += 1;
        i += 1;
        value = (b[i] as number) - 0x30;
      }
      if (
        groups === CLUSTER_MAX_GROUPS ||
        (total === CLUSTER_MAX_DIGITS && i < limit && value >= 0 && value <= 9)
      ) {
        this.truncated = true;
        total = begin;
        break;
      }
      from[groups] = groupFrom;
      to[groups] = i;
      this.gap[groups] = b[gapAt] ?? 0;
      this.gapBytes[groups] = groupFrom - gapAt;
      this.hard[groups] = groups > 0 && hasHard(b, gapAt, groupFrom) ? 1 : 0;
      groups += 1;
      first[groups] = total;
      gapAt = i;
      while (i < limit && i - gapAt <= GAP_MAX_BYTES && separator[b[i] as number] !== 0) i += 1;
      if (i === gapAt || i - gapAt > GAP_MAX_BYTES || i >= limit || !isDigit(b[i] ?? 0)) break;
    }
    return this.#close(b, floor, at, limit, groups, total);
  }

  #close(b: Uint8Array, floor: number, at: number, limit: number, groups: number, total: number): number {
    this.buffer = b;
    this.floor = floor;
    this.limit = limit;
    this.groups = groups;
    this.total = total;
    this.before = at > floor ? (b[at - 1] ?? 0) : 0;
    const end = groups === 0 ? at : this.end(groups - 1);
    this.after = end < limit ? (b[end] ?? 0) : 0;
    return end;
  }

  /** Whether groups [from, to) are joined by the same single separator, and which: 0 where not. */
  uniformGap(from: number, to: number): number {
    const gap = this.gap[from + 1] ?? 0;
    const bytes = this.gapBytes[from + 1] ?? 0;
    for (let g = from + 2; g < to; g += 1) if (this.gap[g] !== gap || this.gapBytes[g] !== bytes) return 0;
    return gap;
  }

  /** Whether any of the gaps inside groups [from, to) is hard (line, tab, comma, bar). */
  crossesHardGap(from: number, to: number): boolean {
    for (let g = from + 1; g < to; g += 1) if (this.hard[g] === 1) return true;
    return false;
  }

  /** Whether group g is glued to a letter before (only the first can be) or after (only the last can be). */
  letterBefore(g: number): boolean {
    return g === 0 && (ALNUM[this.before] ?? 0) !== 0;
  }

  letterAfter(g: number): boolean {
    return g === this.groups - 1 && (ALNUM[this.after] ?? 0) !== 0;
  }

  /** Whether group g continues a number with a fraction or grouping to its left: the 25 of 10.25, 1,025. */
  continuesNumber(g: number): boolean {
    return g > 0 && this.gapBytes[g] === 1 && (this.gap[g] === 0x2e || this.gap[g] === COMMA);
  }
}

function hasHard(b: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (SEPARATOR[b[at] ?? 0] === 2) return true;
  return false;
}
