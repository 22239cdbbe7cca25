import { ALNUM, DIGIT, HYPHEN, isDigit, ORDINARY, TEXT_CLASS, UPPER } from './bytes.ts';
import { Cluster } from './cluster.ts';
import { looksLikeDate } from './dates.ts';
import { Text } from './detector.ts';
import { isLiteral } from './detectors/password.ts';
import type { Edits } from './edits.ts';
import { EncodedRuns, type Unpack } from './encoded-runs.ts';
import { BASE64_MIN_CHARS, BUDGET_STEP_BYTES, HEX_MIN_CHARS, PASSWORD_MAX_BYTES } from './limits.ts';
import { type MaskingPlan, type Reporter, TOKEN_SIZES } from './plan.ts';
import type { Run } from './run.ts';
import { digitsHash, digitsTogether, hexRun, isUuid, ordinaryFour, runHash, timeEnd } from './tokens.ts';
import { ANY_MEANING, PHONE, SECRET } from './words.ts';

/**
 * One pass over a text. Stops only at bytes that can belong to a value (TEXT_CLASS), hands runs and clusters to the
 * detectors of the plan, and cuts what they find. Every byte is looked at a bounded number of times.
 */
export class TextScanner {
  readonly #run: Run;
  readonly #plan: MaskingPlan;
  readonly #text = new Text();
  readonly #cluster = new Cluster();
  #edits: Edits;
  /** End of the run of letters and digits that was handled last. */
  #done = 0;
  readonly #encoded: EncodedRuns;
  /** Where the last number by context ended and what it was: "555-1234 or 555-5678". */
  #lastEnd = -1;
  #lastBits = 0;

  constructor(run: Run, edits: Edits, unpack: Unpack | null) {
    this.#run = run;
    this.#plan = run.plan;
    this.#edits = edits;
    this.#encoded = new EncodedRuns(unpack);
  }

  /** Scans bytes [from, to); `keyBits` is the meaning of the key or column that holds them. */
  scan(b: Uint8Array, from: number, to: number, keyBits: number, edits: Edits): void {
    this.scanPart(b, from, to, keyBits, edits, from, to);
  }

  /** The same where only [start, stop) holds bytes that a detector looks at. */
  scanPart(
    b: Uint8Array,
    from: number,
    to: number,
    keyBits: number,
    edits: Edits,
    start: number,
    stop: number,
  ): void {
    const text = this.#text;
    text.buffer = b;
    text.floor = from;
    text.limit = to;
    text.keyBits = keyBits;
    this.#edits = edits;
    this.#done = from;
    this.#encoded.begin(from);
    this.#lastEnd = -1;
    if ((keyBits & SECRET) !== 0 && this.secret(b, from, to, keyBits, edits)) return;
    let i = start;
    while (i < stop) {
      i = this.#part(b, i, Math.min(stop, i + BUDGET_STEP_BYTES), to);
      this.#run.spend(Math.min(BUDGET_STEP_BYTES, i - from));
    }
  }

  /** Scans from `from` until `stop` is reached; findings may reach beyond, up to `to`. */
  #part(b: Uint8Array, from: number, stop: number, to: number): number {
    const table = TEXT_CLASS;
    const four = stop - 4;
    let i = from;
    while (i < stop) {
      while (i <= four && ordinaryFour(table, b, i)) i += 4;
      if (i >= stop) break;
      // In bounds: i < stop, and every byte has a class. The check for undefined costs a third of this loop.
      const kind = table[b[i] as number] as number;
      if (kind === ORDINARY) {
        i += 1;
      } else if (kind <= UPPER) {
        i = this.#word(b, i, to, kind);
      } else {
        i = this.#sign(b, i);
      }
    }
    return i;
  }

  /** The value of a key that says secret goes as a whole. @returns whether it did. */
  secret(b: Uint8Array, from: number, to: number, keyBits: number, edits: Edits): boolean {
    const secret = this.#plan.secret;
    if (secret === null || (keyBits & SECRET) === 0 || to - from > PASSWORD_MAX_BYTES) return false;
    this.#text.buffer = b;
    this.#text.limit = to;
    return isLiteral(this.#text, from, to, 4) && this.#run.hit(secret, b, from, to, edits, from);
  }

  /** A capital or a digit: finds the run of letters and digits around it and decides how to read it. */
  #word(b: Uint8Array, i: number, to: number, kind: number): number {
    const text = this.#text;
    if (kind === UPPER && i < this.#done) return i + 1;
    const table = ALNUM;
    let from = i;
    if (i >= this.#done) {
      const floor = Math.max(text.floor, this.#done);
      while (from > floor && table[b[from - 1] ?? 0] === 1) from -= 1;
    }
    let end = i + 1;
    let digits = kind === DIGIT ? 1 : 0;
    while (end < to) {
      // In bounds: end < to.
      const type = table[b[end] as number] as number;
      if (type === 0) break;
      digits += type >> 1;
      end += 1;
    }
    this.#done = end;
    if (end - from === 8 && b[end] === HYPHEN && isUuid(b, from, to)) return this.#skipTo(from + 36);
    if (digits === end - from) return this.#digits(b, from, to, end);
    text.tokenFrom = from;
    text.tokenTo = end;
    return this.#token(b, end - from, digits, to);
  }

  /** A run with letters. */
  #token(b: Uint8Array, size: number, digits: number, to: number): number {
    const text = this.#text;
    const from = text.tokenFrom;
    const end = text.tokenTo;
    const active =
      (digits === 0 ? this.#plan.tokensBySize : this.#plan.mixedBySize)[
        size < TOKEN_SIZES ? size : TOKEN_SIZES - 1
      ] ?? [];
    for (let k = 0; k < active.length; k += 1) {
      const entry = active[k];
      if (entry?.detector.detect(text) === true) return this.#cut(entry.reporter, b, text.from, text.to);
    }
    if (size >= BASE64_MIN_CHARS && this.#encoded.take(text, from, end, this.#edits))
      return this.#skipTo(text.floor);
    if (digits === 0) return end;
    if (this.#known(b, from, end)) return this.#skipTo(end);
    return this.#gluedDigits(b, from, end, to, digits);
  }

  #skipTo(end: number): number {
    this.#done = Math.max(this.#done, end);
    return end;
  }

  /** Digits with letters before or after them: "card4111…", "4111…USD", "3560x4587". Hashes have them everywhere. */
  #gluedDigits(b: Uint8Array, from: number, end: number, to: number, digits: number): number {
    if (end - from >= 16 && hexRun(b, from, end) === end && !digitsTogether(b, from, end, digits)) return end;
    let at = from;
    while (at < end) {
      while (at < end && !isDigit(b[at] ?? 0)) at += 1;
      let last = at;
      while (last < end && isDigit(b[last] ?? 0)) last += 1;
      if (at < end && (last === end || at === from || last - at >= 12)) {
        const next = this.#digits(b, at, to, last);
        if (next > last) return next;
      }
      at = last;
    }
    return end;
  }

  /** A run of digits, which may be the first group of a cluster. */
  #digits(b: Uint8Array, at: number, to: number, runEnd: number): number {
    const size = runEnd - at;
    if (size > 19) return this.#longRun(b, at, runEnd, to);
    const cluster = this.#cluster;
    const end = cluster.read(b, this.#text.floor, at, to);
    const keyBits = this.#text.keyBits;
    if (cluster.groups === 1 && size < 5 && keyBits === 0 && !this.#beforeMonth(b, runEnd, size)) return end;
    // A number right after another is what that one was: "555-1234 or 555-5678". Beside a star it is what is left of one.
    const starred = cluster.before === 0x2a || cluster.after === 0x2a;
    const follows = this.#lastEnd >= 0 && at - this.#lastEnd <= 6 ? this.#lastBits : 0;
    cluster.setMeaning(starred ? 0 : keyBits | follows, starred);
    if (cluster.groups < 4 && !cluster.truncated && this.#isEveryday(cluster, size)) {
      return size === 4 && cluster.groups === 3 ? this.#skipTo(timeEnd(b, end, to)) : end;
    }
    let g = 0;
    let resume = end;
    while (g < cluster.groups) {
      // A list in prose goes on being what it was ("accounts 12345678, 87654321"); a new line or column does not.
      if (g > 0 && cluster.hard[g] === 1 && !(cluster.gap[g] === 0x2c && cluster.gapBytes[g] === 2)) {
        cluster.setMeaning(keyBits, true);
      }
      if (cluster.truncated && g >= cluster.groups - 6 && g > 0) return this.#skipTo(cluster.start(g));
      const taken = this.#detectDigits(b, cluster, g);
      if (taken === 0) this.#candidateLeft(cluster, g);
      else resume = Math.max(resume, this.#text.floor);
      g += Math.max(1, taken);
    }
    return this.#skipTo(Math.max(resume, end));
  }

  /** Too few digits for anything that needs no word, or a plain date, and no word: the commonest numbers by far. */
  #isEveryday(cluster: Cluster, size: number): boolean {
    const short = cluster.total < 7 && this.#text.byte(cluster.start(0) - 1) !== 0x2b;
    const date = size === 4 && cluster.groups === 3 && looksLikeDate(cluster, 0) === 3;
    return (short || date) && (cluster.bits & ANY_MEANING) === 0;
  }

  #detectDigits(b: Uint8Array, cluster: Cluster, g: number): number {
    const active = this.#plan.digitsBySize[cluster.size(g)] ?? [];
    cluster.spanFrom = -1;
    cluster.spanTo = -1;
    for (let k = 0; k < active.length; k += 1) {
      const entry = active[k];
      if (
        entry === undefined ||
        (entry.detector.context !== 0 && (entry.detector.context & cluster.bits) === 0)
      )
        continue;
      const { detector, reporter } = entry;
      const taken = detector.detect(cluster, g);
      if (taken === 0) continue;
      const from = cluster.spanFrom >= 0 ? cluster.spanFrom : cluster.start(g);
      const to = Math.max(cluster.spanTo, cluster.end(g + taken - 1));
      // Named by words alone: where the same digits stand without them, they are the same value.
      const named =
        detector.context !== 0 || (taken === 1 && (reporter.entity === 'PHONE' || reporter.entity === 'SSN'));
      const hash = named ? digitsHash(cluster, g, g + taken) : 0;
      if (!this.#run.hit(reporter, b, from, to, this.#edits, this.#text.floor)) continue;
      if (named) this.#run.remember(hash, reporter);
      this.#lastEnd = to;
      this.#lastBits = reporter.entity === 'PHONE' ? PHONE : 0;
      this.#text.floor = Math.max(this.#text.floor, to);
      return taken;
    }
    return 0;
  }

  /** A number that nothing named: remembered, or known from a place where something did. */
  #candidateLeft(cluster: Cluster, g: number): void {
    const size = cluster.size(g);
    if (size < 6) return;
    const hash = digitsHash(cluster, g, g + 1);
    const reporter = this.#run.known.get(hash);
    if (reporter === undefined) {
      this.#run.missed(hash);
    } else if (!cluster.continuesNumber(g)) {
      const { start, end } = { start: cluster.start(g), end: cluster.end(g) };
      if (this.#run.hit(reporter, cluster.buffer, start, end, this.#edits, this.#text.floor))
        this.#text.floor = end;
    }
  }

  /** The same for runs with letters (licences, passports). */
  #known(b: Uint8Array, from: number, end: number): boolean {
    if (end - from < 6 || end - from > 20) return false;
    const hash = runHash(b, from, end);
    const reporter = this.#run.known.get(hash);
    if (reporter === undefined) {
      this.#run.missed(hash);
      return false;
    }
    return this.#run.hit(reporter, b, from, end, this.#edits, this.#text.floor);
  }

  /** Twenty digits and more are no value themselves, but may be hexadecimal of one. */
  #longRun(b: Uint8Array, at: number, runEnd: number, to: number): number {
    const end = hexRun(b, at, to);
    if (end - at >= HEX_MIN_CHARS && this.#encoded.take(this.#text, at, end, this.#edits))
      return this.#skipTo(this.#text.floor);
    return this.#skipTo(runEnd);
  }

  #sign(b: Uint8Array, i: number): number {
    const detectors = this.#plan.signs[b[i] ?? 0];
    if (detectors === undefined) return i + 1;
    for (let k = 0; k < detectors.length; k += 1) {
      const entry = detectors[k];
      if (entry?.detector.detect(this.#text, i) === true) {
        const { reporter } = entry;
        const next = this.#cut(reporter, b, this.#text.from, this.#text.to);
        return Math.max(next, i + 1);
      }
    }
    return i + 1;
  }

  #cut(reporter: Reporter, b: Uint8Array, from: number, to: number): number {
    if (!this.#run.hit(reporter, b, from, to, this.#edits, this.#text.floor))
      return this.#skipTo(this.#text.tokenTo);
    if (reporter.confidence <= 0.8 && to - from <= 20) this.#run.remember(runHash(b, from, to), reporter);
    this.#text.floor = to;
    return this.#skipTo(to);
  }

  /** "13 April 1978": two digits and a month's first letter. */
  #beforeMonth(b: Uint8Array, end: number, size: number): boolean {
    if (size > 2 || end + 3 >= this.#text.limit) return false;
    const next = b[end] ?? 0;
    return next === 0x20 || next === 0x2d || ALNUM[next] === 1;
  }
}
