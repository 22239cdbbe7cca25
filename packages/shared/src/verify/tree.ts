import { emptyRoot, nodeHash } from '../merkle/hash.ts';

/** A tree that only grows: the roots of its complete subtrees, largest first (RFC 6962 §2.1). */
export class Tree {
  readonly #subtrees: { readonly leaves: number; readonly root: Buffer }[] = [];

  /**
   * @param size leaves it begins with.
   * @param roots of the complete subtrees that these make up, largest first: one for each one in the size's binary digits.
   * @throws RangeError when there are not as many.
   */
  constructor(size = 0, roots: readonly Buffer[] = []) {
    const given = [...roots];
    for (let leaves = 2 ** 52, rest = size; leaves >= 1; leaves /= 2) {
      if (rest < leaves) continue;
      const root = given.shift();
      if (root === undefined)
        throw new RangeError(`there are ${roots.length} hashes, too few for ${size} entries`);
      this.#subtrees.push({ leaves, root });
      rest -= leaves;
    }
    if (given.length > 0)
      throw new RangeError(`there are ${roots.length} hashes, too many for ${size} entries`);
  }

  append(leaf: Buffer): void {
    let grown = { leaves: 1, root: leaf };
    for (let last = this.#subtrees.at(-1); last?.leaves === grown.leaves; last = this.#subtrees.at(-1)) {
      grown = { leaves: 2 * last.leaves, root: nodeHash(last.root, grown.root) };
      this.#subtrees.pop();
    }
    this.#subtrees.push(grown);
  }

  root(): Buffer {
    if (this.#subtrees.length === 0) return emptyRoot();
    return this.#subtrees.map(({ root }) => root).reduceRight((right, left) => nodeHash(left, right));
  }
}
