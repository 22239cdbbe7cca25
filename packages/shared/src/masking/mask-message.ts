import { isUtf8 } from 'node:buffer';
import { Edits, EMPTY } from './edits.ts';
import { Refused } from './errors.ts';
import { Layer } from './layer.ts';
import { SCRATCH_MAX_BYTES } from './limits.ts';
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

/** Scratch of each plan, kept from message to message: making it costs more than masking a small answer. */
const idle = new WeakMap<MaskingPlan, { readonly layer: Layer; readonly edits: Edits }>();

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
  // A Buffer is looked at as the plain array it is: two kinds of array in one loop halve its speed.
  const bytes = Buffer.isBuffer(raw) ? new Uint8Array(raw.buffer, raw.byteOffset, raw.length) : raw;
  // Taken out while in use: a caller's vault may mask a message itself. What failed half-way is not used again.
  const scratch = idle.get(plan) ?? { layer: new Layer(new Run(plan), 0, 0), edits: new Edits() };
  idle.delete(plan);
  const { layer, edits } = scratch;
  let known: Map<number, Reporter> | undefined;
  // A value that only its context gave away is masked everywhere in the message: a second pass knows it from the start.
  for (;;) {
    const run = layer.run.begin(bytes, options, known ?? new Map<number, Reporter>());
    edits.truncate(0);
    layer.walker.message(bytes, edits);
    if (known === undefined && run.mustRepeat) {
      known = run.known;
      continue;
    }
    const findings = run.findings();
    if (raw.length <= SCRATCH_MAX_BYTES) idle.set(plan, scratch);
    return edits.count === 0
      ? { masked: raw, findings: [] }
      : { masked: edits.apply(bytes, 0, bytes.length), findings };
  }
}
