import { systemClock } from '@sallyport/shared/clock';
import type { RuleSet } from '@sallyport/shared/masking-rules';
import type { Audit } from './audit/index.ts';
import type { Foundation } from './foundation.ts';
import { AgentRules, createMasking, type Masking, openKeys, type ServedServer } from './masking/index.ts';
import type { Registry, Snapshot } from './registry/index.ts';
import type { SessionIdentity } from './session/index.ts';
import type { Logger } from './telemetry/index.ts';

export interface JoinedMasking {
  readonly masking: Masking;
  readonly agentRules: AgentRules;
}

/** Joins masking: rules come from the documents, keys from the database. */
export async function joinMasking(given: {
  foundation: Pick<Foundation, 'store' | 'sealer'>;
  registry: Registry;
}): Promise<JoinedMasking> {
  const { foundation, registry } = given;
  const keys = await openKeys(foundation.store.pool, foundation.sealer);
  const masking = createMasking({
    clock: systemClock,
    hashKey: keys.hash,
    analysersElsewhere: true,
  });
  const first = registry.snapshot();
  masking.use(rulesOf(first));
  const agentRules = new AgentRules(keys, rulesOf(first), servedBy(first));
  registry.onChange((snapshot) => {
    masking.use(rulesOf(snapshot));
    agentRules.use(rulesOf(snapshot), servedBy(snapshot));
  });
  return { masking, agentRules };
}

/** An agent kept something back that no call waits for: the record shows it all the same. */
export function recordWithheld(
  audit: Pick<Audit, 'record'>,
  logger: Logger,
  { id, server, agent, principal, principalKind, tokenId }: SessionIdentity,
  reason: string,
): void {
  logger.warn('an agent withheld something a server said', { session: id, server, reason });
  audit
    .record({
      kind: 'masking.withheld',
      actor: { kind: principalKind, name: principal, token: tokenId },
      session: id,
      server,
      agent,
      fields: { reason, at: 'agent' },
    })
    .catch((thrown: unknown) =>
      logger.error('what an agent withheld was not recorded', { session: id, error: String(thrown) }),
    );
}

function servedBy(snapshot: Snapshot): ServedServer[] {
  return [...snapshot.servers].map(([name, { spec }]) => ({
    name,
    agents: spec.agents,
    agentServer: spec.agentServer ?? name,
  }));
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
