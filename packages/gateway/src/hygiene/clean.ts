import {
  find,
  findPath,
  type Message,
  readMessage,
  type Span,
  scanJson,
  text,
} from '@sallyport/shared/jsonrpc';
import { HygieneRefusal } from './errors.ts';
import { hiddenSpans } from './hidden.ts';
import { defang } from './links.ts';
import type { Clean, HygieneFindings, HygieneRules } from './types.ts';

/** What a result is labelled with: a model's client can tell that nobody vouches for what stands in it. */
const LABEL = 'sallyport/untrusted';
const NOTHING: HygieneFindings = {};

/**
 * Makes a message of a server clean before it is masked: what hides can't split what masking looks for.
 *
 * @returns the message's own buffer where there is nothing to do
 * @throws HygieneRefusal where hidden characters are refused, or where without them it is no message any more
 */
export function clean(message: Message, rules: HygieneRules): Clean {
  const bare =
    rules.hidden === 'pass' ? { raw: message.raw, findings: NOTHING } : withoutHidden(message, rules);
  if (message.result === undefined || (!rules.label && rules.links === 'pass')) return bare;
  let current = bare.raw === message.raw ? message : readAgain(bare.raw);
  let links = 0;
  if (rules.links === 'defang') {
    const harmless = withoutLinks(current);
    links = harmless.links;
    if (links > 0) current = readAgain(harmless.raw);
  }
  return {
    raw: rules.label ? labelled(current) : current.raw,
    findings: links === 0 ? bare.findings : { ...bare.findings, link: links },
  };
}

/**
 * What the far end must find again as it gave it: ids and tokens are the client's, cursors and states the server's.
 * Nobody reads them.
 */
function opaque({ raw, params, result }: Message): Span[] {
  const members = [
    find(scanJson(raw), 'id'),
    findPath(params, 'progressToken'),
    findPath(params, 'requestId'),
    findPath(params, '_meta', 'io.modelcontextprotocol/subscriptionId'),
    findPath(result, 'nextCursor'),
    findPath(result, 'requestState'),
  ];
  return members.filter((member) => member !== undefined);
}

function withoutHidden(message: Message, { hidden }: HygieneRules): Clean {
  const { raw } = message;
  const found = hiddenSpans(raw);
  const kept = found.length === 0 ? [] : opaque(message);
  const spans = found.filter(({ start }) => !kept.some((each) => start >= each.start && start < each.end));
  if (spans.length === 0) return { raw, findings: NOTHING };
  const findings: Record<string, number> = {};
  for (const { kind } of spans) findings[kind] = (findings[kind] ?? 0) + 1;
  if (hidden === 'refuse') throw new HygieneRefusal('hidden', 'it has characters that hide', findings);
  const parts: Buffer[] = [];
  let from = 0;
  for (const { start, end } of spans) {
    parts.push(raw.subarray(from, start));
    from = end;
  }
  parts.push(raw.subarray(from));
  const stripped = Buffer.concat(parts);
  // Two names of members may be one now, which readers would take in two ways.
  readAgain(stripped);
  return { raw: stripped, findings };
}

function readAgain(raw: Buffer): Message {
  try {
    return readMessage(raw);
  } catch (cause) {
    throw new HygieneRefusal('unreadable', 'without what hides in it, it is no message', {}, cause);
  }
}

/** Texts of content and everything that structured content says; addresses of resources stay usable. */
const PLACES: readonly { readonly path: readonly string[]; readonly only?: ReadonlySet<string> }[] = [
  { path: ['content'], only: new Set(['text']) },
  { path: ['contents'], only: new Set(['text']) },
  { path: ['messages'], only: new Set(['text']) },
  { path: ['structuredContent'] },
];

function withoutLinks(message: Message): { raw: Buffer; links: number } {
  const edits: { span: Span; text: string }[] = [];
  let links = 0;
  for (const { path, only } of PLACES) {
    const span = findPath(message.result, ...path);
    if (span === undefined) continue;
    const harmless = defang(text(message.raw, span), only);
    if (harmless.links > 0) edits.push({ span, text: harmless.json });
    links += harmless.links;
  }
  return { raw: edited(message.raw, edits), links };
}

function labelled(message: Message): Buffer {
  const { raw, result } = message;
  if (result === undefined || raw[result.start] !== 0x7b) return raw;
  const meta = find(result.members, '_meta');
  const label = `${JSON.stringify(LABEL)}:true`;
  if (meta === undefined) return inserted(raw, result, `"_meta":{${label}}`);
  if (raw[meta.start] !== 0x7b) return edited(raw, [{ span: meta, text: `{${label}}` }]);
  // A server does not say of itself that it can be trusted.
  const own = find(meta.members, LABEL);
  return own === undefined ? inserted(raw, meta, label) : edited(raw, [{ span: own, text: 'true' }]);
}

/** Puts a member at the beginning of an object. */
function inserted(raw: Buffer, object: Span, member: string): Buffer {
  const empty = /^\{\s*\}$/.test(text(raw, object));
  const at = object.start + 1;
  return edited(raw, [{ span: { start: at, end: at }, text: empty ? member : `${member},` }]);
}

function edited(raw: Buffer, edits: readonly { readonly span: Span; readonly text: string }[]): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const { span, text: by } of [...edits].sort((left, right) => left.span.start - right.span.start)) {
    parts.push(raw.subarray(from, span.start), Buffer.from(by));
    from = span.end;
  }
  return edits.length === 0 ? raw : Buffer.concat([...parts, raw.subarray(from)]);
}
