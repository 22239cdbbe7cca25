import { canonicalValue, comparable, replacement } from './actions.ts';
import { asciiText } from './bytes.ts';
import type { Edits } from './edits.ts';
import { Refused } from './errors.ts';
import {
  BUDGET_STEP_BYTES,
  CONTEXT_WINDOW_BYTES,
  REMEMBERED_MAX_CANDIDATES,
  REMEMBERED_MAX_VALUES,
} from './limits.ts';
import type { CompiledRule, MaskingPlan, Reporter } from './plan.ts';
import type { Analysed, Carrier, Finding, MaskOptions, Place } from './types.ts';

/** Places by number, so that a hit costs no text. */
export const PLACES: readonly Place[] = [
  'other',
  'text',
  'structured',
  'resource-text',
  'resource-blob',
  'link',
  'image',
  'audio',
  'error-message',
  'error-data',
  'progress',
  'log',
  'input-request',
  'prompt',
  'completion',
  'tool-definition',
  'arguments',
  'meta',
];
export type Form = 0 | 1 | 2 | 3 | 4;
export const IN_VALUE: Form = 0;
export const IN_KEY: Form = 1;
export const IN_NUMBER: Form = 2;
export const IN_SPLIT: Form = 3;
export const IN_ENCODED: Form = 4;
const FORMS = ['', '.key', '.number', '.split', '.encoded'] as const;

const COUNT_SLOTS = 32;

/** The state of masking one message: what was found, what is remembered, how much work is left. */
export class Run {
  readonly plan: MaskingPlan;
  /** The message's bytes: strings in it hold no line breaks but as escapes. */
  raw: Uint8Array | null = null;
  /** Place of what is being scanned (index into PLACES) and its form. */
  place = 0;
  form: Form = IN_VALUE;
  /** Set by a rule whose action is to drop the member; the walker asks and clears. */
  drop = false;
  /** Key of the finding counted last. */
  lastKey = 0;
  /** Takes the texts that go on from message to message, where somebody reads them as one (stream.ts). */
  flows: ((from: number, to: number) => void) | null = null;
  /** What analysers found; null where nothing was given. */
  analysed: Analysed | 'elsewhere' | null = null;
  /** Takes the texts that analysers must read, in place of masking what they found. */
  collect: ((text: string) => void) | null = null;
  /** The rule that acted last. */
  lastRule: CompiledRule | undefined;
  /** Text around the value in question, for rules with context words. */
  keyText = '';
  readonly #counts = new Map<number, number>();
  /** The kinds counted last, counted without a look into the map. */
  readonly #slotKeys = new Int32Array(COUNT_SLOTS);
  readonly #slotCounts = new Int32Array(COUNT_SLOTS);
  readonly #recent: number[] = [];
  #withinBudget: (() => boolean) | undefined;
  #work = 0;
  #nextQuestion = BUDGET_STEP_BYTES;
  /** Values found only because of their context, by hash, with their reporter. */
  known = new Map<number, Reporter>();
  readonly #missed = new Int32Array(REMEMBERED_MAX_CANDIDATES);
  #missedCount = 0;
  #learned = false;

  constructor(plan: MaskingPlan) {
    this.plan = plan;
  }

  /** Begins a message; `known` are the values that an earlier pass over it found by their context. */
  begin(raw: Uint8Array | null, options: MaskOptions, known: Map<number, Reporter>): this {
    this.raw = raw;
    this.#withinBudget = options.withinBudget;
    this.known = known;
    this.place = 0;
    this.form = IN_VALUE;
    this.drop = false;
    this.flows = null;
    this.analysed = options.analysed ?? null;
    this.collect = null;
    this.keyText = '';
    this.#counts.clear();
    this.#slotCounts.fill(0);
    this.#recent.length = 0;
    this.#work = 0;
    this.#nextQuestion = BUDGET_STEP_BYTES;
    this.#missedCount = 0;
    this.#learned = false;
    return this;
  }

  /** Counts scanned bytes and asks the caller now and then whether to go on. */
  spend(bytes: number): void {
    this.#work += bytes;
    if (this.#work < this.#nextQuestion) return;
    this.#nextQuestion = this.#work + BUDGET_STEP_BYTES;
    if (this.#withinBudget !== undefined && !this.#withinBudget()) {
      throw new Refused('over_budget', 'the answer took longer to examine than is allowed');
    }
  }

  /** A value was found: makes the cut and counts it. @returns false where no rule wants it masked. */
  hit(reporter: Reporter, b: Uint8Array, from: number, to: number, edits: Edits, floor = 0): boolean {
    if (reporter.fixed !== null) {
      edits.add(from, to, reporter.fixed, this.count(reporter, reporter.rules[0]));
      return true;
    }
    const rule = this.ruleFor(reporter, b, from, to, floor);
    if (rule === undefined) return false;
    const bytes = replacement(rule, reporter.entity, b, from, to);
    edits.add(from, to, bytes, this.count(reporter, rule));
    if (rule.action.kind === 'drop') this.drop = true;
    return true;
  }

  /** The first rule that applies to a value. */
  ruleFor(
    reporter: Reporter,
    b: Uint8Array,
    from: number,
    to: number,
    floor: number,
  ): CompiledRule | undefined {
    for (const rule of reporter.rules) {
      if (reporter.confidence < rule.minConfidence) continue;
      if (rule.allow?.has(comparable(canonicalValue(b, from, to, reporter.entity)))) continue;
      if (rule.context !== null && !this.#near(rule.context, b, from, floor)) continue;
      return rule;
    }
    return undefined;
  }

  #near(words: readonly string[], b: Uint8Array, from: number, floor: number): boolean {
    const before = asciiText(b, Math.max(floor, from - CONTEXT_WINDOW_BYTES), from);
    const text = `${this.keyText} ${before}`.toLowerCase();
    return words.some((word) => text.includes(word));
  }

  /** Counts one finding. @returns the key it is counted under. */
  count(reporter: Reporter, rule: CompiledRule | undefined): number {
    this.lastRule = rule;
    const key = (((rule?.index ?? 0) * 1024 + reporter.index) * 32 + this.place) * 8 + this.form;
    const slot = (key ^ (key >> 8) ^ (key >> 13)) & (COUNT_SLOTS - 1);
    if (this.#slotKeys[slot] === key) {
      this.#slotCounts[slot] = (this.#slotCounts[slot] ?? 0) + 1;
    } else {
      this.#flush(slot);
      this.#slotKeys[slot] = key;
      this.#slotCounts[slot] = 1;
    }
    if (this.form === IN_SPLIT) this.#recent.push(key);
    this.lastKey = key;
    return key;
  }

  /** @returns a function that takes back every count, place and flag since now. */
  snapshot(): () => void {
    this.#flushAll();
    const counts = new Map(this.#counts);
    const { place, form, drop } = this;
    return () => {
      this.#flushAll();
      this.#counts.clear();
      for (const [key, count] of counts) this.#counts.set(key, count);
      this.place = place;
      this.form = form;
      this.drop = drop;
    };
  }

  /** Keys counted since here can be taken back: the join counts before it knows what it uses. */
  mark(): number {
    this.#recent.length = 0;
    return 0;
  }

  /** Takes back the count made for the finding after the `used` ones that stand. */
  uncount(from: number, used: number): void {
    const [key] = this.#recent.splice(from + used, 1);
    if (key === undefined) return;
    this.#flushAll();
    const count = (this.#counts.get(key) ?? 1) - 1;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
  }

  /** Moves a slot's count to the others. */
  #flush(slot: number): void {
    const key = this.#slotKeys[slot] ?? 0;
    const count = this.#slotCounts[slot] ?? 0;
    if (count > 0) this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
    this.#slotCounts[slot] = 0;
  }

  #flushAll(): void {
    for (let slot = 0; slot < COUNT_SLOTS; slot += 1) this.#flush(slot);
  }

  /** A value without checksum was found by its context: where it stands without, it is the same value. */
  remember(hash: number, reporter: Reporter): void {
    if (this.known.has(hash) || this.known.size >= REMEMBERED_MAX_VALUES) return;
    this.known.set(hash, reporter);
    this.#learned = true;
  }

  /** A candidate without context was left. */
  missed(hash: number): void {
    if (this.#missedCount >= REMEMBERED_MAX_CANDIDATES) return;
    this.#missed[this.#missedCount] = hash;
    this.#missedCount += 1;
  }

  /** Whether a value left earlier turned out to be one that its context gives away elsewhere. */
  get mustRepeat(): boolean {
    if (!this.#learned) return false;
    for (let i = 0; i < this.#missedCount; i += 1) if (this.known.has(this.#missed[i] ?? 0)) return true;
    return false;
  }

  findings(): Finding[] {
    this.#flushAll();
    return [...this.#counts].map(([key, count]) => describe(this.plan, key, count));
  }
}

/** A finding from the key it was counted under. */
export function describe(plan: MaskingPlan, key: number, count: number): Finding {
  const reporter = plan.reporters[Math.floor(key / 256) % 1024];
  const carrier: Carrier = `${PLACES[Math.floor(key / 8) % 32] ?? 'other'}${FORMS[key % 8] ?? ''}`;
  return {
    rule: plan.rules[Math.floor(key / 262_144)]?.name ?? '',
    detector: reporter?.detector ?? '',
    entity: reporter?.entity ?? '',
    carrier,
    count,
  };
}
