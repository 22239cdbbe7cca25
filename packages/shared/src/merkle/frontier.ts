import { emptyRoot, nodeHash } from './hash.ts';

/** Told of each subtree that became complete: 2^level leaves from index · 2^level on. */
export type OnComplete = (level: number, index: number, hash: Buffer) => void;

/**
 * The right edge of a tree: the roots of its largest complete subtrees, largest first. It is all that appending
 * needs: 32 bytes for each one in the size's binary digits.
 */
export class Frontier {
  #size: number;
  readonly #peaks: Buffer[];

  /**
   * @param peaks roots of the complete subtrees that make up `size` leaves, largest first.
   * @throws RangeError when there are not as many as the size has ones.
   */
  constructor(size = 0, peaks: readonly Buffer[] = []) {
    if (peaks.length !== peakLevels(size).length) {
      throw new RangeError(`${peaks.length} subtrees do not make up a tree of ${size}`);
    }
    this.#size = size;
    this.#peaks = [...peaks];
  }

  /** Leaves in the tree. */
  get size(): number {
    return this.#size;
  }

  /** Roots of the largest complete subtrees, largest first. */
  peaks(): readonly Buffer[] {
    return [...this.#peaks];
  }

  copy(): Frontier {
    return new Frontier(this.#size, this.#peaks);
  }

  /** Adds a leaf's hash at the end. */
  append(leaf: Buffer, onComplete?: OnComplete): void {
    let hash = leaf;
    let level = 0;
    let index = this.#size;
    while (index % 2 === 1) {
      const left = this.#peaks.pop();
      if (left === undefined) throw new Error('the frontier lost a subtree');
      hash = nodeHash(left, hash);
      level += 1;
      index = (index - 1) / 2;
      onComplete?.(level, index, hash);
    }
    this.#peaks.push(hash);
    this.#size += 1;
  }

  /** The root of the tree as it is now. */
  root(): Buffer {
    let root: Buffer | undefined;
    for (let at = this.#peaks.length - 1; at >= 0; at -= 1) {
      const peak = this.#peaks[at];
      if (peak !== undefined) root = root === undefined ? peak : nodeHash(peak, root);
    }
    return root ?? emptyRoot();
  }
}

/**
 * The levels of the complete subtrees that make up a tree, largest first: the ones of its size.
 *
 * @throws RangeError when the size is no safe integer from 0 on.
 */
export function peakLevels(size: number): number[] {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`${size} is no size of a tree`);
  const levels: number[] = [];
  for (let rest = size, level = 0; rest > 0; rest = Math.floor(rest / 2), level += 1) {
    if (rest % 2 === 1) levels.unshift(level);
  }
  return levels;
}
