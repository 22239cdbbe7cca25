import type { Cluster } from './cluster.ts';
import { meaningBefore } from './context.ts';
import type { Entity } from './types.ts';

/**
 * A detector is one file: what it looks for, and a function that is called only where its trigger stands.
 * The scanner finds triggers; detectors validate. None may keep state or allocate for a candidate that fails.
 */
export type Detector = DigitsDetector | TokenDetector | SignDetector;

interface Described {
  readonly name: string;
  readonly entity: Entity;
  /** 0.99: checksum or unmistakable signature. 0.9: shape. 0.8: shape and the words about it. */
  readonly confidence: number;
}

/** Called for groups of digits. */
export interface DigitsDetector extends Described {
  readonly on: 'digits';
  /** Sizes the first group may have: bit n for n digits. */
  readonly sizes: number;
  /** Meanings of which one must be about the value; 0 where the detector decides without. */
  readonly context: number;
  /** @returns how many groups from g on are the value; 0 for none. */
  detect(cluster: Cluster, g: number): number;
}

/** Called for runs of letters and digits that hold a capital or a digit. */
export interface TokenDetector extends Described {
  readonly on: 'token';
  /** Shortest and longest run. */
  readonly min: number;
  readonly max: number;
  /** True: wants a digit and a letter in the run. False: every run will do. */
  readonly mixed: boolean;
  /** @returns whether the text's span was set to a finding. */
  detect(text: Text): boolean;
}

/** Called at single bytes. */
export interface SignDetector extends Described {
  readonly on: 'sign';
  /** The bytes, of `@ : = _ - >`. */
  readonly signs: string;
  detect(text: Text, at: number): boolean;
}

/** The text being searched, the run of letters and digits in question, and the span of a finding. */
export class Text {
  buffer: Uint8Array = new Uint8Array(0);
  /** Nothing before this may be taken: the text's start, or the end of the last finding. */
  floor = 0;
  limit = 0;
  /** Meaning of the key or column that holds this text. */
  keyBits = 0;
  tokenFrom = 0;
  tokenTo = 0;
  from = 0;
  to = 0;

  byte(at: number): number {
    return at >= 0 && at < this.limit ? (this.buffer[at] ?? 0) : 0;
  }

  /** Meaning of the key and of the words before `at`. */
  meaning(at: number): number {
    return this.keyBits | meaningBefore(this.buffer, this.floor, at);
  }

  /** Sets the span. @returns true, so that a detector can end with it. */
  found(from: number, to: number): boolean {
    this.from = from;
    this.to = to;
    return true;
  }

  /** Whether the ASCII text `word` stands at `at`. */
  startsWith(word: string, at: number): boolean {
    if (at < 0 || at + word.length > this.limit) return false;
    for (let i = 0; i < word.length; i += 1) if (this.buffer[at + i] !== word.charCodeAt(i)) return false;
    return true;
  }
}

/** Bits for `DigitsDetector.sizes`: every size from `min` to `max`. */
export function sizes(min: number, max: number): number {
  let bits = 0;
  for (let size = min; size <= max; size += 1) bits |= 1 << size;
  return bits;
}
