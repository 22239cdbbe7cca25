import { emptyRoot, nodeHash } from '../merkle/hash.ts';

/** A tree that only grows: the roots of its complete subtrees, largest first (RFC 6962 §2.1). */
export class Tree {
  readonly #subtrees: { readonly leaves: number; readonly root: Buffer }[] = [];

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
