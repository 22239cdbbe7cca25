import { isUtf8 } from 'node:buffer';
import { Edits } from './edits.ts';
import { Refused } from './errors.ts';
import { Layer } from './layer.ts';
import { refusalOf } from './mask-message.ts';
import type { MaskingPlan } from './plan.ts';
import { Run } from './run.ts';
import type { MaskOptions, Refusal } from './types.ts';

/**
 * The texts of a message that the plan's analysers must read, each once, read as masking reads them: unescaped, out of
 * JSON in strings, tables and encodings. Give what was found in them to `maskMessage` as `analysed`.
 *
 * @returns `refused` where the message can't be read; it must then be withheld
 */
export function textsToAnalyse(
  raw: Uint8Array,
  plan: MaskingPlan,
  options: Pick<MaskOptions, 'withinBudget'> = {},
): { readonly texts: readonly string[] } | { readonly refused: Refusal } {
  if (plan.analysers.size === 0) return { texts: [] };
  try {
    if (!isUtf8(raw)) throw new Refused('malformed', 'the message is not UTF-8');
    const bytes = Buffer.isBuffer(raw) ? new Uint8Array(raw.buffer, raw.byteOffset, raw.length) : raw;
    const run = new Run(plan).begin(bytes, options, new Map());
    const texts = new Set<string>();
    run.collect = (text) => texts.add(text);
    new Layer(run, 0, 0).walker.message(bytes, new Edits());
    return { texts: [...texts] };
  } catch (thrown) {
    return { refused: refusalOf(thrown) };
  }
}
