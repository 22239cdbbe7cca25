import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Frontier, leafHash } from '../../src/merkle/index.ts';
import { Tree } from '../../src/verify/tree.ts';

const leaf = (n: number): Buffer => leafHash(Buffer.from(`entry ${n}`));

test('a tree goes on from the subtrees before it as it would have from the first leaf', () => {
  fc.assert(
    fc.property(fc.nat(700), fc.nat(300), (before, after) => {
      const whole = new Frontier();
      for (let n = 0; n < before; n += 1) whole.append(leaf(n));
      const tree = new Tree(before, whole.peaks());
      expect(tree.root()).toEqual(whole.root());
      for (let n = before; n < before + after; n += 1) {
        tree.append(leaf(n));
        whole.append(leaf(n));
      }
      expect(tree.root()).toEqual(whole.root());
    }),
  );
});

test('too few or too many subtrees are refused', () => {
  expect(() => new Tree(5, [leaf(0)])).toThrow('1 hashes, too few for 5 entries');
  expect(() => new Tree(4, [leaf(0), leaf(1)])).toThrow('2 hashes, too many for 4 entries');
  expect(() => new Tree(0, [leaf(0)])).toThrow('too many for 0 entries');
  expect(() => new Tree(2 ** 40 + 1, [leaf(0), leaf(1)])).not.toThrow();
});
