import type { CompiledPolicy } from './compile.ts';
import { SLICES_MAX } from './limits.ts';
import type { PolicyTexts } from './prepared-sets.ts';
import { joinReads, type Reads } from './reads.ts';
import { Remembered } from './remembered.ts';
import { type Question, scopeMatches } from './scope.ts';

/** Which form of the policies: as written, or the one that asks whether some arguments could be allowed. */
export type Flavour = 'written' | 'could';

/** The policies whose scopes match a question, in one flavour. */
export interface Slice {
  readonly texts: PolicyTexts;
  /** Effects of its policies by id, in the order of their documents. */
  readonly effects: ReadonlyMap<string, 'permit' | 'forbid'>;
  /** Flows whose approvals lift them, of the forbids that have one, by id. */
  readonly flows: ReadonlyMap<string, string>;
  readonly reads: Reads;
}

/**
 * The policies in force, cut into slices on demand. Questions that match the same policies share one slice, so that
 * there are few, however many principals and resources there are.
 */
export class Slices {
  readonly #policies: readonly CompiledPolicy[];
  readonly #slices = new Remembered<Slice>(SLICES_MAX);

  constructor(policies: readonly CompiledPolicy[]) {
    this.#policies = policies;
  }

  sliceFor(question: Question, flavour: Flavour): Slice {
    const positions: number[] = [];
    this.#policies.forEach((policy, position) => {
      const takesPart = flavour === 'written' || policy.could !== undefined;
      if (takesPart && scopeMatches(policy.json, question)) positions.push(position);
    });
    const key = `${flavour} ${positions.join(' ')}`;
    const known = this.#slices.get(key);
    if (known !== undefined) return known;
    const slice = cut(
      positions.flatMap((position) => this.#policies[position] ?? []),
      flavour,
    );
    this.#slices.set(key, slice);
    return slice;
  }
}

function cut(policies: readonly CompiledPolicy[], flavour: Flavour): Slice {
  // Without a prototype: a policy named `__proto__` must not get lost.
  const texts: Record<string, PolicyTexts[string]> = Object.create(null);
  const effects = new Map<string, 'permit' | 'forbid'>();
  const flows = new Map<string, string>();
  const reads: Reads[] = [];
  for (const policy of policies) {
    const form = flavour === 'written' ? { policy: policy.written, reads: policy.reads } : policy.could;
    if (form === undefined) continue;
    texts[policy.id] = form.policy;
    reads.push(form.reads);
    effects.set(policy.id, policy.json.effect);
    if (policy.flow !== undefined) flows.set(policy.id, policy.flow);
  }
  return { texts, effects, flows, reads: joinReads(reads) };
}
