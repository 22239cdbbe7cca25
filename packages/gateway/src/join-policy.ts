import { numberLexeme } from './call/index.ts';
import { createPolicy, type DeclaredArgument, loadRiskReaders, type Policy } from './policy/index.ts';
import { type CheckFit, nearest, type ServerSpec, type Snapshot } from './registry/index.ts';
import type { Logger } from './telemetry/index.ts';

/** The policy room with its readers of arguments; nothing is loaded yet. */
export async function openPolicy(logger: Logger): Promise<Policy> {
  return createPolicy({ numberLexeme, readers: await loadRiskReaders(), logger });
}

/** Puts the policies of a version of the documents in force, with what its servers declare of arguments. */
export function loadPolicies(snapshot: Snapshot, policy: Policy, logger: Logger): void {
  const policies = [...snapshot.policies.values()].filter(({ spec }) => spec.enabled);
  const declared = [...snapshot.servers.values()].map(
    ({ name, spec }) => [name, declaredArguments(spec)] as const,
  );
  try {
    policy.load(
      policies.map(({ name, spec: { cedar, mode = 'enforce' } }) => ({ name, cedar, mode })),
      { arguments: new Map(declared) },
    );
  } catch (thrown) {
    logger.error('policies not put in force; the ones before stay', {
      version: snapshot.version,
      error: String(thrown),
    });
  }
}

/** Compares policies with the documents and tools around them. */
export function checkFit(policy: Pick<Policy, 'fit'>): CheckFit {
  return ({ policies, servers, flows }, names, tools) => {
    const sources = names.flatMap((name) => {
      const spec = policies.get(name);
      return spec === undefined ? [] : [{ name, cedar: spec.cedar }];
    });
    const declared = new Map([...servers].map(([name, spec]) => [name, declaredArguments(spec)]));
    return policy.fit(sources, { flows, declared, tools, nearest });
  };
}

/** A server's declarations as a list, in the order of its document. */
export function declaredArguments({ arguments: tools = {} }: ServerSpec): DeclaredArgument[] {
  return Object.entries(tools).flatMap(([tool, readings]) =>
    Object.entries(readings).map(([argument, reading]) => ({ tool, argument, ...reading })),
  );
}
