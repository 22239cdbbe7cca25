import { systemClock } from '@sallyport/shared/clock';
import type { RuleSet } from '@sallyport/shared/masking-rules';
import type { Foundation } from './foundation.ts';
import { createMasking, type Masking, openKeys } from './masking/index.ts';
import type { Registry, Snapshot } from './registry/index.ts';

/** Joins masking: rules come from the documents, keys from the database. */
export async function joinMasking(given: { foundation: Foundation; registry: Registry }): Promise<Masking> {
  const { foundation, registry } = given;
  const keys = await openKeys(foundation.store.pool, foundation.sealer);
  const masking = createMasking({ clock: systemClock, hashKey: keys.hash });
  masking.use(rulesOf(registry.snapshot()));
  registry.onChange((snapshot) => masking.use(rulesOf(snapshot)));
  return masking;
}

/** All that the documents say about masking. */
function rulesOf(snapshot: Snapshot): RuleSet {
  return {
    version: snapshot.version,
    servers: Object.fromEntries(
      [...snapshot.servers].flatMap(([name, { spec }]) =>
        spec.masking === undefined ? [] : [[name, spec.masking]],
      ),
    ),
    rules: [...snapshot.of('MaskingRule')].map(([name, { spec }]) => ({ name, spec })),
  };
}
