import { isUtf8 } from 'node:buffer';
import { Edits, EMPTY } from './edits.ts';
import { Refused } from './errors.ts';
import { Layer } from './layer.ts';
import type { MaskingPlan, Reporter } from './plan.ts';
import { Run } from './run.ts';
import type { MaskOptions, MaskResult, Refusal } from './types.ts';

/**
 * Masks one JSON-RPC message.
 *
 * `raw` is the message's bytes; they are not changed. The answer's `masked` is the same object when nothing was found,
 * else a message of the same shape in which only what was found differs. Any doubt ends in `refused`: malformed input,
 * content that can't be read under rules that demand it, a detector that fails, a budget that runs out (THREATS.md).
 */
export function maskMessage(raw: Uint8Array, plan: MaskingPlan, options: MaskOptions = {}): MaskResult {
  try {
    if (!isUtf8(raw)) throw new Refused('malformed', 'the message is not UTF-8');
    return masked(raw, plan, options);
  } catch (thrown) {
    return refusedResult(refusalOf(thrown));
  }
}

/** What anything thrown while masking means: a failing detector withholds the answer. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof Refused) return thrown.refusal;
  return { reason: 'detector_failed', message: 'a masking detector failed, so the answer is withheld' };
}

/** The result that a refusal gives. */
export function refusedResult(refused: Refusal): MaskResult {
  return { masked: EMPTY, findings: [], refused };
}

function masked(raw: Uint8Array, plan: MaskingPlan, options: MaskOptions): MaskResult {
  let known: Map<number, Reporter> | undefined;
  // A value that only its context gave away is masked everywhere in the message: a second pass knows it from the start.
  for (;;) {
    const run = new Run(plan, options, known);
    run.raw = raw;
    const edits = new Edits();
    new Layer(run, 0, 0).walker.message(raw, edits);
    if (known === undefined && run.mustRepeat) {
      known = run.known;
      continue;
    }
    if (edits.count === 0) return { masked: raw, findings: [] };
    return { masked: edits.apply(raw, 0, raw.length), findings: run.findings() };
  }
}
