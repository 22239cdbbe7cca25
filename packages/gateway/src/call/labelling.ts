import type { Finding } from '@sallyport/shared/masking';
import { namesTool } from '../policy/index.ts';
import type { ServerSpec } from '../registry/index.ts';
import { Ending, REFUSAL } from './ending.ts';
import { resourceOf } from './resource.ts';
import type { Rooms } from './rooms.ts';
import type { AttachedFields } from './stages/attach.ts';

/** What of a finding says what was read. */
type Found = Pick<Finding, 'rule' | 'detector' | 'entity'>;

/**
 * Labels the principal with what is about to be released to it: before it is, so that nothing is decided without the
 * label that could carry what was read.
 *
 * @returns the labels that are new, for the entry
 * @throws Ending `withheld` where they can't be made durable
 */
export async function labelReading(
  rooms: Pick<Rooms, 'labels' | 'server'>,
  call: AttachedFields,
  findings: readonly Found[],
): Promise<readonly string[]> {
  const { identity } = call.session;
  const rules = (rooms.server(identity.server) ?? call.server).labels;
  const labels = rules === undefined ? [] : labelsOf(rules, call, findings);
  if (labels.length === 0) return [];
  try {
    const reader = { kind: identity.principalKind, name: identity.principal };
    return await rooms.labels.add(reader, identity.id, labels);
  } catch (thrown) {
    throw new Ending(
      'withheld',
      'The server answered, and the answer is withheld: what you would know from it could not be noted. The call has run. Try again later.',
      {
        status: 200,
        rpcCode: REFUSAL.withheld,
        data: { reason: 'withheld', outcome: 'withheld' },
      },
      { cause: thrown, detail: 'labels could not be written' },
    );
  }
}

function labelsOf(
  rules: NonNullable<ServerSpec['labels']>,
  { message, controls, session }: AttachedFields,
  findings: readonly Found[],
): string[] {
  const labels = new Set<string>();
  const add = (byPattern: Record<string, string[]> | undefined, names: readonly string[]) => {
    for (const [pattern, given] of Object.entries(byPattern ?? {})) {
      if (names.some((name) => namesTool(pattern, name))) for (const label of given) labels.add(label);
    }
  };
  if (controls !== undefined && controls.decide !== 'follows') {
    const { type, name } = resourceOf(message, controls.decide.on, session.identity.server);
    if (type === 'Tool') add(rules.tools, [name]);
    if (type === 'Resource') add(rules.resources, [name]);
  }
  add(
    rules.findings,
    findings.flatMap(({ rule, detector, entity }) => [rule, detector, entity]),
  );
  return [...labels].sort();
}
