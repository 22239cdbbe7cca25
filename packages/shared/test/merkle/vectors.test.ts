import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  provesConsistency,
  provesInclusion,
  provesInclusionInSubtree,
  provesSubtree,
} from '../../src/merkle/index.ts';

const corpora =
  process.env.SALLYPORT_CORPORA ?? new URL('../../../../../shared/corpora', import.meta.url).pathname;
const testdata = `${corpora}/rfc6962-merkle/testdata`;

type Vector = Record<string, unknown> & { desc: string; wantErr: boolean };

/** Each kind of vector, and how one is judged. */
const KINDS: Record<string, (vector: Vector) => boolean> = {
  inclusion: (v) =>
    provesInclusion({
      index: count(v.leafIdx),
      size: count(v.treeSize),
      leaf: bytes(v.leafHash),
      root: bytes(v.root),
      proof: proof(v),
    }),
  subtreeinclusion: (v) =>
    provesInclusionInSubtree({
      index: count(v.leafIdx),
      start: count(v.start),
      end: count(v.end),
      leaf: bytes(v.leafHash),
      root: bytes(v.root),
      proof: proof(v),
    }),
  consistency: (v) =>
    provesConsistency({
      size1: count(v.size1),
      root1: bytes(v.root1),
      size2: count(v.size2),
      root2: bytes(v.root2),
      proof: proof(v),
    }),
  subtreeconsistency: (v) =>
    provesSubtree({
      start: count(v.start),
      end: count(v.end),
      subtree: bytes(v.root1),
      size: count(v.size),
      root: bytes(v.root2),
      proof: proof(v),
    }),
};

const bytes = (value: unknown): Buffer => Buffer.from(String(value ?? ''), 'base64');
const count = (value: unknown): bigint => BigInt(String(value));
const proof = (vector: Vector): Buffer[] => (Array.isArray(vector.proof) ? vector.proof.map(bytes) : []);

function read(file: string): Vector {
  // Sizes beyond 2^53 keep their digits.
  const keepDigits = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === 'number' ? (context?.source ?? value) : value;
  return JSON.parse(readFileSync(file, 'utf8'), keepDigits);
}

describe.skipIf(!existsSync(testdata))('the proofs of the RFC 6962 corpus', () => {
  for (const [kind, judge] of Object.entries(KINDS)) {
    it(`${kind}: the good are accepted, the bad are refused`, () => {
      const folder = join(testdata, kind);
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
        file.endsWith('.json'),
      );
      const vectors = files.map((file) => ({ file, ...read(join(folder, file)) }));
      expect(vectors.some(({ wantErr }) => wantErr) && vectors.some(({ wantErr }) => !wantErr)).toBe(true);
      expect(vectors.filter((vector) => judge(vector) === vector.wantErr).map(({ file }) => file)).toEqual(
        [],
      );
    });
  }
});
