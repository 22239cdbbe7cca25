import { type CompiledPolicy, compileParts } from './compile.ts';
import { demandProblems } from './demands.ts';
import type { Engine } from './engine.ts';
import { DOCUMENT_MAX_CHARACTERS, EXPRESSION_MAX_DEPTH } from './limits.ts';
import { placeAt, placeAtIndex, problemOf } from './places.ts';
import { depthOf } from './reads.ts';
import { excessOf, tokensOf } from './tokens.ts';
import type { PolicyProblem } from './types.ts';
import { validate } from './validate.ts';

/** What is known of one policy document after reading it: its policies, or what is wrong with it. */
export interface Examined {
  readonly text: string;
  readonly policies: readonly CompiledPolicy[];
  readonly problems: readonly PolicyProblem[];
}

/** Reads and validates policy documents; the answers are in their order. */
export function examine(engine: Engine, sources: readonly { name: string; cedar: string }[]): Examined[] {
  const documents = sources.map(({ name, cedar }) => parse(engine, name, cedar));
  const sound = documents.filter(({ problems }) => problems.length === 0);
  const problems = new Map(validate(engine, sound).map((list, index) => [sound[index], list]));
  return documents.map((document) => ({
    ...document,
    problems: problems.get(document) ?? document.problems,
  }));
}

function parse(engine: Engine, name: string, text: string): Examined {
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
  return { text, policies, problems: policies.flatMap((policy) => demandProblems(policy, text)) };
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
