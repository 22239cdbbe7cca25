import { SallyportError } from '../errors.ts';
import { JsonError, type Member, type Span, scanJson } from './scan.ts';

/** JSON-RPC 2.0 §5.1 and MCP's own codes (MCP.md). */
export const RPC = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
} as const;

/** The message is refused at the door. `id` is the request's own id where it could be read, as raw JSON. */
export class MessageError extends SallyportError<'parse' | 'invalid'> {
  override readonly name = 'MessageError';
  readonly rpcCode: number;
  readonly idLexeme: string | undefined;
  constructor(code: 'parse' | 'invalid', message: string, idLexeme?: string, cause?: unknown) {
    super(code, message, { origin: 'client', cause });
    this.rpcCode = code === 'parse' ? RPC.parseError : RPC.invalidRequest;
    this.idLexeme = idLexeme;
  }
}

/**
 * One JSON-RPC message, checked and left as it came: `raw` is what is relayed. Everything else is where to look.
 */
export interface Message {
  readonly raw: Buffer;
  readonly kind: 'request' | 'notification' | 'response';
  /** The id as it stood in the text, `"0"` with its quotes, `1.0` as `1.0`. Absent for notifications. */
  readonly idLexeme: string | undefined;
  /** Key by which requests and responses match: type and value, so that 1 and "1" differ and 1 and 1.0 do not. */
  readonly idKey: string | undefined;
  readonly method: string | undefined;
  readonly params: Member | undefined;
  readonly result: Member | undefined;
  readonly error: Member | undefined;
}

/**
 * Reads one message strictly.
 *
 * Extra members beside the protocol's own are allowed and stay: the gateway relays, it does not normalise.
 *
 * @throws MessageError `parse` where the text is not acceptable JSON, `invalid` where it is no JSON-RPC 2.0 message
 */
export function readMessage(raw: Buffer): Message {
  const members = scan(raw);
  if (members === undefined) throw new MessageError('invalid', 'a JSON-RPC message is a JSON object');
  const id = find(members, 'id');
  const method = find(members, 'method');
  const params = find(members, 'params');
  const result = find(members, 'result');
  const error = find(members, 'error');
  const idLexeme = id === undefined ? undefined : text(raw, id);
  const invalid = (message: string) => new MessageError('invalid', message, idLexeme);

  const version = find(members, 'jsonrpc');
  if (version === undefined || stringAt(raw, version) !== '2.0') throw invalid('jsonrpc must be "2.0"');
  const idKey = id === undefined ? undefined : idKeyOf(raw, id);
  if (method !== undefined) {
    if (result !== undefined || error !== undefined)
      throw invalid('a message has either a method or an answer');
    const name = stringAt(raw, method);
    if (name === undefined) throw invalid('method must be a string');
    if (id !== undefined && idKey === undefined) throw invalid('id must be a string or a number');
    if (params !== undefined && params.members === undefined && raw[params.start] !== 0x5b) {
      throw invalid('params must be an object or an array');
    }
    const kind = id === undefined ? 'notification' : 'request';
    return { raw, kind, idLexeme, idKey, method: name, params, result, error };
  }
  if ((result === undefined) === (error === undefined)) {
    throw invalid('a message has a method, a result or an error');
  }
  if (id === undefined) throw invalid('an answer has an id');
  if (idKey === undefined && idLexeme !== 'null') throw invalid('id must be a string or a number');
  return { raw, kind: 'response', idLexeme, idKey, method: undefined, params, result, error };
}

/** Whether the text's first character opens an array: a JSON-RPC batch. */
export function isBatch(raw: Buffer): boolean {
  for (const byte of raw) {
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte === 0x5b;
  }
  return false;
}

/** The messages of a batch (allowed in revision 2025-03-26 only). An empty batch is invalid (JSON-RPC 2.0 §6). */
export function readBatch(raw: Buffer): Message[] {
  scan(raw);
  const messages = elementsAt(raw, { start: raw.indexOf(0x5b), end: raw.length }).map((element) =>
    readMessage(raw.subarray(element.start, element.end)),
  );
  if (messages.length === 0) throw new MessageError('invalid', 'a batch has at least one message');
  return messages;
}

function scan(raw: Buffer): readonly Member[] | undefined {
  try {
    return scanJson(raw);
  } catch (thrown) {
    if (thrown instanceof JsonError) throw new MessageError('parse', thrown.message, undefined, thrown);
    throw thrown;
  }
}

/** The member of that name, or undefined. */
export function find(members: readonly Member[] | undefined, key: string): Member | undefined {
  if (members === undefined) return undefined;
  for (const member of members) if (member.key === key) return member;
  return undefined;
}

/** A member by its path below `from`; only as deep as members are remembered. */
export function findPath(from: Member | undefined, ...path: string[]): Member | undefined {
  let at = from;
  for (const key of path) at = find(at?.members, key);
  return at;
}

/** The raw text of a span. */
export function text(raw: Buffer, span: Span): string {
  return raw.toString('utf8', span.start, span.end);
}

/** The value of a span that is a JSON string; undefined for any other value. */
export function stringAt(raw: Buffer, span: Span | undefined): string | undefined {
  if (span === undefined || raw[span.start] !== 0x22) return undefined;
  const inner = raw.toString('utf8', span.start + 1, span.end - 1);
  // Cast: a scanned span that opens with a quote is a JSON string.
  return inner.includes('\\') ? (JSON.parse(text(raw, span)) as string) : inner;
}

/** The parsed value of a span. For what is small or must be read whole; numbers are JavaScript's. */
export function valueAt(raw: Buffer, span: Span): unknown {
  return JSON.parse(text(raw, span));
}

/**
 * The key by which an id of a request and of its answer match, or undefined for what may not be an id.
 * Safe integers match by value; any other number by its text, because its value would be rounded.
 */
export function idKeyOf(raw: Buffer, span: Span): string | undefined {
  const lexeme = text(raw, span);
  const first = raw[span.start];
  if (first === 0x22) return `s:${stringAt(raw, span)}`;
  if (first === 0x2d || (first !== undefined && first >= 0x30 && first <= 0x39)) {
    const value = Number(lexeme);
    return Number.isSafeInteger(value) ? `n:${value}` : `x:${lexeme}`;
  }
  return undefined;
}

/** Spans of the elements of an array in a scanned text. */
export function elementsAt(raw: Buffer, array: Span): Span[] {
  const found: Span[] = [];
  let at = array.start + 1;
  let start = -1;
  let depth = 0;
  for (; at < array.end; at += 1) {
    const byte = raw[at];
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue;
    if (depth === 0 && (byte === 0x2c || byte === 0x5d)) {
      if (start >= 0) found.push({ start, end: trimEnd(raw, start, at) });
      start = -1;
      if (byte === 0x5d) return found;
      continue;
    }
    if (start < 0) start = at;
    if (byte === 0x22) at = stringEnd(raw, at);
    else if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return found;
}

/** Offset of the closing quote of the string that opens at `at`. */
function stringEnd(raw: Buffer, at: number): number {
  for (let i = at + 1; i < raw.length; i += 1) {
    if (raw[i] === 0x5c) i += 1;
    else if (raw[i] === 0x22) return i;
  }
  return raw.length;
}

function trimEnd(raw: Buffer, start: number, end: number): number {
  let at = end;
  for (; at > start; at -= 1) {
    const byte = raw[at - 1];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
  }
  return at;
}
