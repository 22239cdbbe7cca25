import { find, findPath, type Message, RPC, stringAt, text } from '@sallyport/shared/jsonrpc';
import { Ending } from './ending.ts';
import type { ResourceOf } from './methods.ts';

/** What a request acts on, as policy names it. */
export interface Resource {
  readonly type: 'Server' | 'Tool' | 'Resource' | 'Prompt';
  readonly name: string;
}

/** Names that mean one thing only: no case folding, no look-alike white space, no escapes (THREATS.md). */
const NAME = /^[A-Za-z0-9_.-]{1,128}$/;
/** Prompt names have no such rule in the specification; what could be read two ways is still refused. */
const PROMPT_NAME = /^[^\p{C}\p{Z}]+(?: [^\p{C}\p{Z}]+)*$/u;

/** @throws Ending -32602 where the request doesn't say, or doesn't say it plainly */
export function resourceOf(message: Message, on: ResourceOf, server: string): Resource {
  if (on === 'server') return { type: 'Server', name: server };
  if (on === 'tool') return { type: 'Tool', name: plain(param(message, 'name'), NAME, 'name') };
  if (on === 'prompt') return { type: 'Prompt', name: plain(param(message, 'name'), PROMPT_NAME, 'name') };
  if (on === 'resource') return { type: 'Resource', name: plainUri(param(message, 'uri')) };
  const kind = stringAt(message.raw, findPath(message.params, 'ref', 'type'));
  if (kind === 'ref/prompt') {
    const name = stringAt(message.raw, findPath(message.params, 'ref', 'name'));
    return { type: 'Prompt', name: plain(name, PROMPT_NAME, 'ref.name') };
  }
  if (kind === 'ref/resource') {
    const uri = stringAt(message.raw, findPath(message.params, 'ref', 'uri'));
    return { type: 'Resource', name: plain(uri, PROMPT_NAME, 'ref.uri') };
  }
  throw invalid('ref.type must be "ref/prompt" or "ref/resource"');
}

/** Whether a tool of this name can be decided on at all; one that can't is not listed either. */
export function isPlainName(type: 'Tool' | 'Prompt', name: string): boolean {
  return (type === 'Tool' ? NAME : PROMPT_NAME).test(name);
}

/**
 * The arguments of a request as policy reads them. A number that a double may have rounded comes as its text: a
 * rounded number must not decide.
 */
export function argumentsOf(message: Message): (() => unknown) | undefined {
  const span = find(message.params?.members, 'arguments') ?? find(message.params?.members, 'argument');
  if (span === undefined) return undefined;
  return () => JSON.parse(text(message.raw, span), exactNumbers);
}

/** A number as it stood in the text. */
class ExactNumber {
  readonly lexeme: string;
  constructor(lexeme: string) {
    this.lexeme = lexeme;
  }
}

/** The text of a number among the arguments; undefined for every other value. For the policy room. */
export function numberLexeme(value: unknown): string | undefined {
  return value instanceof ExactNumber ? value.lexeme : undefined;
}

function exactNumbers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  return new ExactNumber(context?.source ?? '');
}

function param(message: Message, key: string): string | undefined {
  return stringAt(message.raw, find(message.params?.members, key));
}

function plain(name: string | undefined, pattern: RegExp, what: string): string {
  if (name === undefined) throw invalid(`params.${what} is missing or not a text`);
  if (name.length > 4096 || !pattern.test(name)) {
    throw invalid(`params.${what} has characters that a policy could read in two ways`);
  }
  return name;
}

const DOT_SEGMENT = /(^|[/\\])(\.|%2e){1,2}([/\\?#]|$)/i;

/**
 * A URI that has one reading. Dot segments, encoded or not, back slashes and control characters are refused:
 * the server may resolve them otherwise than we do.
 */
function plainUri(uri: string | undefined): string {
  const checked = plain(uri, PROMPT_NAME, 'uri');
  // The authority too: in `docs://../secret` a server may take it for the first folder.
  const path = checked.replace(/^[A-Za-z][A-Za-z0-9+.-]*:/, '');
  if (DOT_SEGMENT.test(path) || checked.includes('\\') || /%(00|2f|5c)/i.test(checked)) {
    throw invalid('params.uri has segments that could be resolved in two ways');
  }
  return URL.canParse(checked) ? new URL(checked).href : checked;
}

function invalid(message: string): Ending {
  return new Ending('malformed', `${message}.`, {
    status: 200,
    rpcCode: RPC.invalidParams,
    data: { reason: 'malformed' },
  });
}
