import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { corpus } from '../../../../tests/framework/corpora.ts';
import { SIGNATURE_TYPE, verifierKey } from '../../src/merkle/keys.ts';

const folder = corpus('wycheproof-jose');

interface Vectors {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: 'valid' | 'invalid';
    }[];
  }[];
}

describe.skipIf(folder === undefined)('Ed25519 as Wycheproof tries it', () => {
  it('believes every valid signature and no other', () => {
    const file = join(folder ?? '', 'testvectors_v1/ed25519_test.json');
    // Cast: the corpus has its own schema, of which this is the part that is read.
    const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
    const wrong: number[] = [];
    const seen = { valid: 0, invalid: 0 };
    for (const { publicKey, tests } of vectors.testGroups) {
      const key = verifierKey('wycheproof', Buffer.from(publicKey.pk, 'hex'), SIGNATURE_TYPE.ed25519);
      for (const { tcId, msg, sig, result } of tests) {
        seen[result] += 1;
        const believed = key.verify(Buffer.from(msg, 'hex'), Buffer.from(sig, 'hex'));
        if (believed !== (result === 'valid')) wrong.push(tcId);
      }
    }
    expect(wrong).toEqual([]);
    expect(seen.valid + seen.invalid).toBe(vectors.numberOfTests);
    expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(30);
  });
});
