import {
  elementsAt,
  findPath,
  type Member,
  type Message,
  scanJson,
  stringAt,
  valueAt,
} from '@sallyport/shared/jsonrpc';

/** An argument that a header repeats: `x-mcp-header` in a tool's input schema (2026-07-28, Mcp-Param headers). */
export interface DeclaredHeader {
  /** Lower case, `mcp-param-…`. */
  readonly header: string;
  /** Names from the arguments down to the value. */
  readonly path: readonly string[];
  readonly numeric: boolean;
}

/** Schemas deeper than this declare nothing: the specification allows chains of `properties` only. */
const PROPERTIES_MAX_DEPTH = 16;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The declarations of each tool in an answer to `tools/list`, by tool. */
export function declaredHeaders(answer: Message): Map<string, readonly DeclaredHeader[]> {
  const found = new Map<string, readonly DeclaredHeader[]>();
  const list = findPath(answer.result, 'tools');
  if (list === undefined || answer.raw[list.start] !== 0x5b) return found;
  for (const element of elementsAt(answer.raw, list)) {
    const raw = answer.raw.subarray(element.start, element.end);
    const members = scanJson(raw);
    const name = stringAt(raw, member(members, 'name'));
    const schema = member(members, 'inputSchema');
    if (name === undefined || schema === undefined || !raw.includes('x-mcp-header')) continue;
    const declared: DeclaredHeader[] = [];
    collect(valueAt(raw, schema), [], declared);
    if (declared.length > 0) found.set(name, declared);
  }
  return found;
}

function member(members: readonly Member[] | undefined, key: string): Member | undefined {
  return members?.find((each) => each.key === key);
}

function collect(schema: unknown, path: readonly string[], into: DeclaredHeader[]): void {
  if (path.length > PROPERTIES_MAX_DEPTH || !isObject(schema)) return;
  const header = schema['x-mcp-header'];
  if (path.length > 0 && typeof header === 'string' && TOKEN.test(header)) {
    const numeric = schema.type === 'integer' || schema.type === 'number';
    into.push({ header: `mcp-param-${header.toLowerCase()}`, path, numeric });
  }
  if (!isObject(schema.properties)) return;
  for (const [name, property] of Object.entries(schema.properties)) collect(property, [...path, name], into);
}

/**
 * What disagrees between the headers of a call and its arguments; undefined where nothing does. A header for an
 * argument that is absent or null is ignored, as the specification says.
 */
export function headerDisagreement(
  declared: readonly DeclaredHeader[],
  args: unknown,
  headers: Readonly<Record<string, string>>,
  decode: (value: string) => string | undefined,
): string | undefined {
  for (const { header, path, numeric } of declared) {
    const value = path.reduce<unknown>((at, name) => (isObject(at) ? at[name] : undefined), args);
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue;
    const given = headers[header];
    if (given === undefined) return `${header} is missing`;
    const decoded = decode(given);
    if (decoded === undefined) return `${header} is not valid base64`;
    const equal =
      numeric && typeof value === 'number' && decoded.trim() !== ''
        ? Number(decoded) === value
        : decoded === String(value);
    if (!equal) return `${header} differs from the arguments`;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
