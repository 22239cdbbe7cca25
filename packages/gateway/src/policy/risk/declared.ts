import type { ReaderName } from './cedar-types.ts';
import { LISTS_MAX_DEPTH } from './limits.ts';

/** Which argument of which tools is read by which reader. Declared by people per server, never taken from the server. */
export interface DeclaredArgument {
  /** Name of the tool; `*` stands for any characters. */
  readonly tool: string;
  /** Where it stands in the arguments: `sql`, `options.query`, `items[].amount`; a dot in a name is written `\.`. */
  readonly argument: string;
  readonly reader: ReaderName;
  /** `path`: absolute folders that paths may be in. */
  readonly roots?: readonly string[];
  /** `path`: where relative paths begin; the first root if it isn't given. */
  readonly base?: string;
  /** `amount`: the currency, or the one that holds where `currencyArgument` isn't given by the call. */
  readonly currency?: string;
  /** `amount`: the argument that names the currency. */
  readonly currencyArgument?: string;
  /** `amount`: decimal places that the argument leaves out: 2 where it counts cents. */
  readonly scale?: number;
}

/** One step into arguments: a member, or each item of a list. */
export type Step = { readonly member: string } | 'each';

/** What stands where an argument is declared, but not in a form that can be looked into. */
export const UNREADABLE = Symbol('unreadable');

/** Steps of a declared argument; undefined for a text that names none. */
export function stepsOf(argument: string): readonly Step[] | undefined {
  const steps: Step[] = [];
  // A name may be anything but its own separators, which a back slash makes plain.
  const part = /((?:[^.[\]\\]|\\[.[\]\\])+)((?:\[\])*)(?:\.|$)/suy;
  while (part.lastIndex < argument.length) {
    const match = part.exec(argument);
    if (match === null) return undefined;
    const [whole, name = '', lists = ''] = match;
    steps.push({ member: name.replace(/\\(.)/gsu, '$1') });
    for (let n = 0; n < lists.length; n += 2) steps.push('each');
    if (part.lastIndex === argument.length) return whole.endsWith('.') ? undefined : steps;
  }
  return undefined;
}

/**
 * What a call gives for a declared argument: nothing where it is absent or null; UNREADABLE where something stands in the
 * way that is not of the declared form. A list on the way is looked through, also where none is declared.
 */
export function valuesAt(args: unknown, steps: readonly Step[]): unknown[] {
  const [step, ...rest] = steps;
  if (args === null || args === undefined) return [];
  if (step === undefined) return [args];
  if (Array.isArray(args)) {
    return args.flatMap((item) => valuesAt(item, step === 'each' ? rest : steps));
  }
  // A server may take a single item for a list of one.
  if (step === 'each') return valuesAt(args, rest);
  if (typeof args !== 'object') return [UNREADABLE];
  // From a JSON parser; a cast because `object` has no index signature.
  const members = args as Record<string, unknown>;
  return Object.hasOwn(members, step.member) ? valuesAt(members[step.member], rest) : [];
}

/** The same with each list at the end taken apart. */
export function itemsAt(args: unknown, steps: readonly Step[]): unknown[] {
  return valuesAt(args, steps).flatMap((value) =>
    Array.isArray(value) ? value.flat(LISTS_MAX_DEPTH) : [value],
  );
}

/** Whether a pattern names a tool or resource; `*` stands for any characters. */
export function namesTool(pattern: string, tool: string): boolean {
  const parts = pattern.split('*');
  const [first = '', ...others] = parts;
  if (others.length === 0) return pattern === tool;
  const last = others.pop() ?? '';
  if (!tool.startsWith(first) || tool.length < first.length + last.length || !tool.endsWith(last))
    return false;
  let at = first.length;
  for (const part of others) {
    const found = tool.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= tool.length - last.length;
}
