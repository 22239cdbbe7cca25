import { expect, test } from 'vitest';
import { compilePlan } from '../../../src/masking/index.ts';
import { mask, maskText, textAnswer, total } from '../answers.ts';

/** Runs one detector alone over texts in which it must find one value, and over texts in which it must find none. */
export function vectors(
  detector: string,
  texts: { readonly found: readonly string[]; readonly left: readonly string[] },
): void {
  const plan = compilePlan({
    rules: [{ name: 'only', match: { detectors: [detector] }, action: { kind: 'redact' } }],
  });

  test.each(texts.found)(`${detector} finds %j`, (text) => {
    const { findings, refused } = mask(textAnswer(`See: ${text} .`), plan);
    expect(refused).toBeUndefined();
    expect(total(findings), maskText(`See: ${text} .`, plan)).toBe(1);
    expect(findings[0]?.detector).toBe(detector);
    // Digits of the value may be left only where they stand for something else (an amount beside a card).
    expect(maskText(text, plan)).not.toBe(text);
  });

  test.each(texts.left)(`${detector} leaves %j`, (text) => {
    expect(maskText(`See: ${text} .`, plan)).toBe(`See: ${text} .`);
    expect(maskText(text, plan)).toBe(text);
  });
}
