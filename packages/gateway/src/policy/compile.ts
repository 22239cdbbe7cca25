import type { Clause, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { APPROVAL_ANNOTATION } from './demands.ts';
import { type Engine, EngineFailure } from './engine.ts';
import { JSON_EXPRESSION_MAX_DEPTH } from './limits.ts';
import { readFullNames } from './qualified.ts';
import { depthOf, joinReads, type Reads, readsOf, readsTheCall } from './reads.ts';

/** One policy, read once when its document is. */
export interface CompiledPolicy {
  /** Its name in the engine and in decisions: the document's, with `#n` where the document has several. */
  readonly id: string;
  readonly text: string;
  /** Where it begins in its document, in bytes. */
  readonly offset: number;
  readonly json: PolicyJson;
  /** What the engine evaluates: the text, or its JSON form where full names of tools are read otherwise. */
  readonly written: string | PolicyJson;
  readonly reads: Reads;
  /** The ApprovalFlow whose approval lifts it: of a forbid with `@approval("FLOW")`. */
  readonly flow: string | undefined;
  /** Its form for `couldAllow`, which reads nothing of the call; undefined where it has no part in that question. */
  readonly could: CouldForm | undefined;
}

/** A policy as the engine takes it, and what that form reads. */
export interface CouldForm {
  readonly policy: string | PolicyJson;
  readonly reads: Reads;
}

/**
 * Compiles the policies of a document in the order of their text.
 *
 * @param parts the engine's split of the document, in the engine's order.
 */
export function compileParts(
  engine: Engine,
  name: string,
  document: string,
  parts: readonly string[],
): CompiledPolicy[] {
  let index = 0;
  return inTextOrder(parts).map((text, position) => {
    const found = document.indexOf(text, index);
    const start = found < 0 ? index : found;
    index = start + text.length;
    const answer = engine.run((cedar) => cedar.policyToJson(text));
    if (answer.type === 'failure') {
      throw new EngineFailure(`a policy that was parsed has no JSON form: ${answer.errors[0]?.message}`);
    }
    const json = readFullNames(answer.json);
    if (
      json !== answer.json &&
      json.conditions.some(({ body }) => depthOf(body) > JSON_EXPRESSION_MAX_DEPTH)
    ) {
      throw new EngineFailure(`a condition that names a tool as server/tool is nested too deep`);
    }
    const written = json === answer.json ? text : json;
    const reads = readsOf(json.conditions);
    return {
      id: parts.length === 1 ? name : `${name}#${position + 1}`,
      text,
      offset: Buffer.byteLength(document.slice(0, start)),
      json,
      written,
      reads,
      flow: flowOf(json),
      could: couldForm(written, json, reads),
    };
  });
}

/** The text of `@approval("…")`; empty where it has none. */
function flowOf({ annotations = {} }: PolicyJson): string | undefined {
  // An annotation without a text is `null` in the engine's answer, whatever its types say.
  return APPROVAL_ANNOTATION in annotations ? (annotations[APPROVAL_ANNOTATION] ?? '') : undefined;
}

/** The engine numbers policies in the text's order and returns them ordered by `policy<number>` as a text. */
function inTextOrder(parts: readonly string[]): string[] {
  const numbers = parts.map((_, number) => number);
  const asReturned = numbers.toSorted((a, b) => (`${a}` < `${b}` ? -1 : 1));
  const ordered: string[] = [];
  asReturned.forEach((number, returned) => {
    ordered[number] = parts[returned] ?? '';
  });
  return ordered;
}

/**
 * The form of a policy in which no argument, risk or approval is read and which, for every choice of these, permits where
 * the policy permits and forbids only where the policy forbids: a permit loses the conditions that read them (conditions
 * only narrow), a forbid that reads any is left out.
 */
function couldForm(written: string | PolicyJson, json: PolicyJson, reads: Reads): CouldForm | undefined {
  if (!readsTheCall(reads)) return { policy: written, reads };
  if (json.effect === 'forbid') return undefined;
  const conditions = json.conditions.filter(isKept);
  return { policy: { ...json, conditions }, reads: joinReads(conditions.map((clause) => readsOf([clause]))) };
}

function isKept(clause: Clause): boolean {
  // The engine's reader of JSON forms refuses deep ones; leaving a condition out only widens.
  return !readsTheCall(readsOf([clause])) && depthOf(clause.body) <= JSON_EXPRESSION_MAX_DEPTH;
}
