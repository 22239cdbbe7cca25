import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  consistencyProof,
  emptyRoot,
  Frontier,
  inclusionProof,
  leafHash,
  nodeHash,
  provesConsistency,
  provesInclusion,
} from '../../src/merkle/index.ts';

const SIZE_MAX = 300;
const leaves = Array.from({ length: SIZE_MAX }, (_, index) => leafHash(Buffer.from(`entry ${index}`)));

/** RFC 6962 §2.1 word by word, to compare with. */
function rootByDefinition(from: number, until: number): Buffer {
  if (until === from) return createHash('sha256').digest();
  if (until - from === 1) return leaves[from] ?? emptyRoot();
  let split = 1;
  while (split * 2 < until - from) split *= 2;
  return nodeHash(rootByDefinition(from, from + split), rootByDefinition(from + split, until));
}

const read = async (level: number, index: number): Promise<Buffer> =>
  rootByDefinition(index * 2 ** level, (index + 1) * 2 ** level);

test('the frontier has the root that RFC 6962 defines, for every size', () => {
  const frontier = new Frontier();
  for (let size = 0; size <= SIZE_MAX; size += 1) {
    expect(frontier.root().equals(rootByDefinition(0, size)), `size ${size}`).toBe(true);
    expect(frontier.size).toBe(size);
    const leaf = leaves[size];
    if (leaf !== undefined) frontier.append(leaf);
  }
});

test('a frontier tells each subtree that becomes complete, and its copy goes its own way', () => {
  const frontier = new Frontier();
  const told: [number, number, Buffer][] = [];
  for (const leaf of leaves.slice(0, 8)) frontier.append(leaf, (...node) => told.push(node));
  expect(told.map(([level, index]) => `${level}/${index}`)).toEqual([
    ...['1/0', '1/1', '2/0', '1/2', '1/3', '2/1', '3/0'],
  ]);
  for (const [level, index, hash] of told)
    expect(hash.equals(rootByDefinition(index * 2 ** level, (index + 1) * 2 ** level))).toBe(true);
  const copy = frontier.copy();
  copy.append(randomBytes(32));
  expect(frontier.root().equals(rootByDefinition(0, 8))).toBe(true);
  expect(() => new Frontier(3, [randomBytes(32)])).toThrow(RangeError);
});

const sizes = fc
  .tuple(fc.integer({ min: 1, max: SIZE_MAX }), fc.nat())
  .map(([size, number]) => ({ size, part: number % size }));

test('every proof made is accepted, and none after any single change', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), fc.nat(255), async ({ size, part }, place, flip) => {
      const root = rootByDefinition(0, size);
      const inclusion = await inclusionProof(part, size, read);
      const leaf = leaves[part] ?? emptyRoot();
      const included = { index: part, size, leaf, root, proof: inclusion };
      expect(provesInclusion(included)).toBe(true);
      expect(provesInclusion({ ...included, leaf: randomBytes(32) })).toBe(false);
      expect(provesInclusion({ ...included, proof: [...inclusion, leaf] })).toBe(false);

      const earlier = part + 1;
      const consistency = await consistencyProof(earlier, size, read);
      const consistent = { size1: earlier, root1: rootByDefinition(0, earlier), size2: size, root2: root };
      expect(provesConsistency({ ...consistent, proof: consistency })).toBe(true);
      expect(provesConsistency({ ...consistent, root1: randomBytes(32), proof: consistency })).toBe(false);
      expect(provesConsistency({ ...consistent, proof: [...consistency, leaf] })).toBe(false);

      for (const [proof, proves] of [
        [inclusion, (changed: Buffer[]) => provesInclusion({ ...included, proof: changed })],
        [consistency, (changed: Buffer[]) => provesConsistency({ ...consistent, proof: changed })],
      ] as const) {
        if (proof.length === 0) continue;
        const at = place % proof.length;
        const changed = proof.map((hash) => Buffer.from(hash));
        const hash = changed[at] ?? Buffer.alloc(32);
        hash[flip % 32] = (hash[flip % 32] ?? 0) ^ (1 << (flip >> 5));
        expect(proves(changed)).toBe(false);
        expect(proves(proof.slice(1))).toBe(false);
      }
    }),
    { numRuns: 150 },
  );
});

test('nothing is proven from an empty tree, and no proof is made for what is not there', async () => {
  await expect(consistencyProof(0, 5, read)).rejects.toThrow(RangeError);
  await expect(consistencyProof(6, 5, read)).rejects.toThrow(RangeError);
  await expect(inclusionProof(5, 5, read)).rejects.toThrow(RangeError);
});
