import type { DetailedError } from '@cedar-policy/cedar-wasm/nodejs';
import type { CompiledPolicy } from './compile.ts';
import { type Engine, EngineFailure } from './engine.ts';
import { problemOf } from './places.ts';
import { cedarSchema } from './schema.ts';
import { maskArgumentTests } from './tokens.ts';
import type { PolicyProblem } from './types.ts';

/** A document that was parsed. */
export interface Parsed {
  readonly text: string;
  readonly policies: readonly CompiledPolicy[];
}

/**
 * Problems of parsed documents, one list for each, in the order of the text.
 *
 * Scopes, entity types, actions, facts and types are validated by the engine in strict mode. Arguments have no types
 * here: the engine's complaint that `context.arguments.x` isn't known is left out, and it holds such a value for one of
 * unknown type, so that whatever is around it is still checked. `tokens.ts` does the same for tests of presence.
 *
 * With a schema that has types of arguments, those that have one are checked as well.
 *
 * A policy that can never apply is a problem too: a forbid that the author believes in would protect nothing.
 */
export function validate(
  engine: Engine,
  documents: readonly Parsed[],
  schema = cedarSchema(),
): PolicyProblem[][] {
  if (documents.length === 0) return [];
  // One call for all documents: the engine reads the schema anew each time, which takes longer than a policy.
  const byId = new Map<string, Subject>();
  documents.forEach((document, index) => {
    document.policies.forEach((policy, n) => {
      byId.set(`${index}.${n}`, { document, policy });
    });
  });
  const texts = [...byId].map(([id, { policy }]) => [id, maskArgumentTests(policy.text)]);
  const answer = engine.run((cedar) =>
    cedar.validate({
      validationSettings: { mode: 'strict' },
      schema,
      policies: { staticPolicies: Object.fromEntries(texts) },
    }),
  );
  if (answer.type === 'failure') {
    // Each policy was parsed on its own before.
    throw new EngineFailure(
      `the policies could not be validated: ${answer.errors[0]?.message ?? 'no reason'}`,
    );
  }
  const found = new Map<Parsed, Map<string, Placed>>();
  const failed = new Set<string>();
  const note = (policyId: string, error: DetailedError) => {
    const subject = byId.get(policyId);
    if (subject === undefined) throw new EngineFailure('the validator named a policy that it was not given');
    failed.add(policyId);
    const problems = found.get(subject.document) ?? new Map<string, Placed>();
    found.set(subject.document, problems);
    const placed = place(subject, error);
    // The same mistake is found once for each action and type that the policy applies to.
    const key = `${placed.at} ${placed.problem.message.replace(/ on entity type `[^`]*`/, '')}`;
    if (!problems.has(key)) problems.set(key, placed);
  };
  for (const { policyId, error } of answer.validationErrors) {
    if (!isOfUntypedArguments(error, byId.get(policyId)?.policy.text ?? '')) note(policyId, error);
  }
  for (const { policyId, error } of answer.validationWarnings) {
    // Of a policy with an error, that it can't apply is a consequence.
    if (isGraveWarning(error) && !failed.has(policyId)) note(policyId, error);
  }
  return documents.map((document) => {
    const placed = [...(found.get(document)?.values() ?? [])];
    return placed.sort((a, b) => a.at - b.at).map(({ problem }) => problem);
  });
}

interface Subject {
  readonly document: Parsed;
  readonly policy: CompiledPolicy;
}

interface Placed {
  /** Where in the document, in bytes. */
  readonly at: number;
  readonly problem: PolicyProblem;
}

function place({ document, policy }: Subject, error: DetailedError): Placed {
  const at = policy.offset + (error.sourceLocations?.[0]?.start ?? 0);
  return { at, problem: problemOf(error, document.text, policy.offset) };
}

const UNKNOWN_ARGUMENT = /attribute `arguments(?:\.|\[)[\s\S]*` in context for [\s\S]* not found$/;
const COMPUTED_CONSTRUCTOR = /extension constructors may not be called with non-literal expressions$/;

function isOfUntypedArguments(error: DetailedError, text: string): boolean {
  if (UNKNOWN_ARGUMENT.test(error.message)) return true;
  if (!COMPUTED_CONSTRUCTOR.test(error.message)) return false;
  // `decimal(context.arguments.amount)` of a text is an evaluation error where the text is none: it fails closed.
  const { start = 0, end = 0 } = error.sourceLocations?.[0] ?? {};
  return Buffer.from(text).subarray(start, end).toString().includes('arguments');
}

function isGraveWarning({ message }: DetailedError): boolean {
  return /policy is impossible|unable to find an applicable action|BIDI|identifier/.test(message);
}
