import { describe, expect, test } from 'vitest';
import { measureEvasive, measureNegatives, measurePlain, type Recall } from './accuracy.ts';
import { measurePresidio, presidioFile } from './presidio.ts';

function rate(recalls: ReadonlyMap<string, Recall>): number {
  let planted = 0;
  let missed = 0;
  for (const recall of recalls.values()) {
    planted += recall.planted;
    missed += recall.missed.length;
  }
  return 1 - missed / planted;
}

describe('made-up values', () => {
  test('plain and formatted values of every kind are found in every carrier', () => {
    const recalls = measurePlain(2, 11);
    for (const [kind, recall] of recalls) expect(recall.missed, kind).toEqual([]);
    expect(rate(recalls)).toBeGreaterThanOrEqual(0.995);
  });

  test('values written to evade are found', () => {
    expect(rate(measureEvasive(4, 12))).toBeGreaterThanOrEqual(0.95);
  });

  test('fewer than one hard negative in two hundred is masked', () => {
    const { tried, wrong } = measureNegatives(2000, 13);
    expect(wrong.length / tried, wrong.join('\n')).toBeLessThan(0.005);
  });
});

const file = presidioFile();

describe.skipIf(file === undefined)("Presidio's sentences", () => {
  const scores = file === undefined ? new Map() : measurePresidio(file);

  test.each(['PAN', 'SSN', 'IBAN', 'EMAIL', 'PHONE', 'IP'])('%s: recall 0.98, precision 0.95', (entity) => {
    const score = scores.get(entity);
    const total = score.found + score.missed.length;
    expect(total).toBeGreaterThan(10);
    expect(score.found / total, score.missed.join('\n')).toBeGreaterThanOrEqual(0.98);
    expect(score.found / (score.found + score.wrong.length), score.wrong.join('\n')).toBeGreaterThanOrEqual(
      0.95,
    );
  });
});
