import type { DetailedError } from '@cedar-policy/cedar-wasm/nodejs';
import { type CompiledPolicy, compileParts } from './compile.ts';
import type { Engine } from './engine.ts';
import { DOCUMENT_MAX_CHARACTERS, EXPRESSION_MAX_DEPTH } from './limits.ts';
import { depthOf } from './reads.ts';
import { CEDAR_SCHEMA } from './schema.ts';
import { excessOf, maskArgumentTests, tokensOf } from './tokens.ts';
import type { PolicyProblem } from './types.ts';

/** What is known of one policy document after reading it: its policies, or what is wrong with it. */
export interface Examined {
  readonly text: string;
  readonly policies: readonly CompiledPolicy[];
  readonly problems: readonly PolicyProblem[];
}

/**
 * Reads and validates one policy document.
 *
 * Scopes, entity types, actions, facts and types are validated by the engine in strict mode. Arguments have no types
 * yet: the engine's complaint that `context.arguments.x` isn't known is left out, and it holds such a value for one of
 * unknown type, so that whatever is around it is still checked. `tokens.ts` does the same for tests of presence.
 *
 * A policy that can never apply is a problem too: a forbid that the author believes in would protect nothing.
 */
export function examine(engine: Engine, name: string, text: string): Examined {
  const refused = refusedBeforeParsing(text);
  if (refused !== undefined) return { text, policies: [], problems: [refused] };
  const parsed = engine.run((cedar) => cedar.policySetTextToParts(text));
  if (parsed.type === 'failure') {
    return { text, policies: [], problems: parsed.errors.map((error) => problemOf(error, text, 0)) };
  }
  const policies = compileParts(engine, name, text, parsed.policies);
  if (policies.length === 0) {
    return { text, policies: [], problems: [{ message: 'the text holds no policy' }] };
  }
  const problems = policies.filter(isTooDeep).map(({ offset }) => ({
    message: `an expression chains or nests more than ${EXPRESSION_MAX_DEPTH} operators`,
    ...placeAt(text, offset),
    help: 'write several `when` clauses or several policies, or use a set and `contains`',
  }));
  if (problems.length > 0) return { text, policies: [], problems };
  return { text, policies, problems: validate(engine, text, policies) };
}

function refusedBeforeParsing(text: string): PolicyProblem | undefined {
  if (text.length > DOCUMENT_MAX_CHARACTERS) {
    return {
      message: `the text is longer than ${DOCUMENT_MAX_CHARACTERS} characters`,
      help: 'write several documents',
    };
  }
  if (!text.isWellFormed()) return { message: 'the text holds half of a surrogate pair' };
  const tokens = tokensOf(text);
  const slot = tokens.find(({ kind }) => kind === 'slot');
  if (slot !== undefined) {
    return {
      message: `templates are not supported: ${slot.value} has nothing to fill it`,
      ...placeAtIndex(text, slot.start),
      help: 'name the principal or the resource, or leave the scope open',
    };
  }
  const excess = excessOf(tokens);
  return excess && { message: excess.message, ...placeAtIndex(text, excess.at) };
}

function isTooDeep({ json }: CompiledPolicy): boolean {
  return json.conditions.some(({ body }) => depthOf(body) > EXPRESSION_MAX_DEPTH);
}

function validate(engine: Engine, text: string, policies: readonly CompiledPolicy[]): PolicyProblem[] {
  const staticPolicies = Object.fromEntries(
    policies.map((policy) => [policy.id, maskArgumentTests(policy.text)]),
  );
  const answer = engine.run((cedar) =>
    cedar.validate({
      validationSettings: { mode: 'strict' },
      schema: CEDAR_SCHEMA,
      policies: { staticPolicies },
    }),
  );
  if (answer.type === 'failure') return answer.errors.map((error) => problemOf(error, text, 0));
  const byId = new Map(policies.map((policy) => [policy.id, policy]));
  const problems = new Map<string, PolicyProblem & { at: number }>();
  const failed = new Set<string>();
  const note = (policyId: string, error: DetailedError) => {
    const policy = byId.get(policyId);
    const offset = policy?.offset ?? 0;
    const at = offset + (error.sourceLocations?.[0]?.start ?? 0);
    const problem = { ...problemOf(error, text, offset), at };
    // The same mistake is found once for each action and type that the policy applies to.
    const key = `${at} ${problem.message.replace(/ on entity type `[^`]*`/, '')}`;
    if (!problems.has(key)) problems.set(key, problem);
    failed.add(policyId);
  };
  for (const { policyId, error } of answer.validationErrors) {
    if (!isOfUntypedArguments(error, byId.get(policyId)?.text ?? '')) note(policyId, error);
  }
  for (const { policyId, error } of answer.validationWarnings) {
    // Of a policy with an error, that it can't apply is a consequence.
    if (isGraveWarning(error) && !failed.has(policyId)) note(policyId, error);
  }
  return [...problems.values()].sort((a, b) => a.at - b.at).map(({ at: _, ...problem }) => problem);
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

/** `offset` is where the text that the engine read begins in the document, in bytes. */
function problemOf(error: DetailedError, text: string, offset: number): PolicyProblem {
  const location = error.sourceLocations?.[0];
  const help = error.help ?? location?.label ?? undefined;
  return {
    message: inWords(error.message),
    ...(location === undefined ? {} : placeAt(text, offset + location.start)),
    ...(help === undefined ? {} : { help: inWords(help) }),
  };
}

/** Leaves out the engine's own numbering of policies, and for which of several actions it found a mistake. */
function inWords(message: string): string {
  return message
    .replace(/^failed to parse policies from string: /, '')
    .replace(/^for policy `[^`]*`, /, '')
    .replace(/ in context for [\s\S]*?(?= not found$|$)/, ' in context');
}

/** Line and column of a place given in bytes, both from 1; columns count UTF-16 units, as editors do. */
function placeAt(text: string, bytes: number): { line: number; column: number } {
  return placeAtIndex(text, Buffer.from(text).subarray(0, bytes).toString().length);
}

function placeAtIndex(text: string, index: number): { line: number; column: number } {
  const before = text.slice(0, index);
  return { line: before.split('\n').length, column: index - before.lastIndexOf('\n') };
}
