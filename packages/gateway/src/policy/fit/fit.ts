import type { Examined } from '../check.ts';
import { argumentMisfits, subjectsOf } from './arguments.ts';
import type { Around, Misfit } from './around.ts';
import { flowMisfits } from './flows.ts';
import { reachOf } from './reach.ts';
import { riskMisfits } from './risk.ts';
import { type TypeChecks, typeMisfits } from './typing.ts';

/** What a document that reads well says and that doesn't fit what there is, in the order of its text. */
export function misfitsOf(
  types: TypeChecks,
  name: string,
  { text, policies }: Examined,
  around: Around,
): Misfit[] {
  return policies
    .flatMap((policy) => {
      const reach = reachOf(policy.json, around);
      const subjects = subjectsOf(policy, reach);
      return [
        ...flowMisfits(policy, text, around),
        ...riskMisfits(policy, text, reach, around),
        ...argumentMisfits(policy, text, { subjects, reach, nearest: around.nearest }),
        ...typeMisfits(types, policy, text, subjects),
      ];
    })
    .map((misfit) => ({ policy: name, ...misfit }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
