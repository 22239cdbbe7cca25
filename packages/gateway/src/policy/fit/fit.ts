import type { Examined } from '../check.ts';
import type { Around, Misfit } from './around.ts';
import { flowMisfits } from './flows.ts';
import { reachOf } from './reach.ts';
import { riskMisfits } from './risk.ts';

/** What a document that reads well says and that doesn't fit what there is, in the order of its text. */
export function misfitsOf(name: string, { text, policies }: Examined, around: Around): Misfit[] {
  return policies
    .flatMap((policy) => {
      const reach = reachOf(policy.json, around);
      return [...flowMisfits(policy, text, around), ...riskMisfits(policy, text, reach, around)];
    })
    .map((misfit) => ({ policy: name, ...misfit }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
