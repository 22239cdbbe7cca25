import { find, findPath, type Message, RPC, stringAt, valueAt } from '@sallyport/shared/jsonrpc';
import { Ending } from './ending.ts';
import type { Rooms } from './rooms.ts';

/** Which member of params the Mcp-Name header repeats (2026-07-28, Standard Request Headers). */
const NAME_SOURCE: Readonly<Record<string, 'name' | 'uri'>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities';

interface StandardHeaders {
  readonly versionHeader: string | undefined;
  readonly methodHeader: string | undefined;
  readonly nameHeader: string | undefined;
}

/**
 * Whoever reads the body compares it with the headers, so that an intermediary that decided on a header and we
 * who decide on the body mean the same call (2026-07-28: -32020). Also requires the per-request `_meta`.
 * @throws Ending 400
 */
export function checkModernHeaders(message: Message, headers: StandardHeaders): void {
  const meta = findPath(message.params, '_meta');
  const claimed = stringAt(message.raw, find(meta?.members, VERSION_KEY));
  if (message.kind === 'request' && claimed === undefined) throw missing(VERSION_KEY);
  if (headers.versionHeader === undefined) throw mismatch('MCP-Protocol-Version is missing');
  if (claimed !== undefined && claimed !== headers.versionHeader) {
    throw mismatch('MCP-Protocol-Version differs from the body');
  }
  if (headers.methodHeader !== undefined && headers.methodHeader !== message.method) {
    throw mismatch('Mcp-Method differs from the body');
  }
  if (message.kind !== 'request') return;
  const capabilities = find(meta?.members, CAPABILITIES_KEY);
  if (capabilities === undefined || message.raw[capabilities.start] !== 0x7b) throw missing(CAPABILITIES_KEY);
  if (headers.methodHeader === undefined) throw mismatch('Mcp-Method is missing');
  const source = NAME_SOURCE[message.method ?? ''];
  if (source === undefined) return;
  const inBody = stringAt(message.raw, find(message.params?.members, source));
  if (inBody === undefined) return;
  if (headers.nameHeader === undefined) throw mismatch('Mcp-Name is missing');
  const named = decodeHeader(headers.nameHeader);
  if (named === undefined) throw mismatch('Mcp-Name is not valid base64');
  if (named !== inBody) throw mismatch(`Mcp-Name differs from params.${source}`);
}

/**
 * The same for the headers that repeat arguments (`x-mcp-header` in a tool's schema), as far as the tool is known.
 * @throws Ending 400
 */
export function checkParamHeaders(
  rooms: Pick<Rooms, 'tools'>,
  message: Message,
  incoming: { readonly serverName: string; readonly paramHeaders: Readonly<Record<string, string>> },
): void {
  const tool =
    message.method === 'tools/call' ? stringAt(message.raw, findPath(message.params, 'name')) : undefined;
  if (tool === undefined) return;
  const span = findPath(message.params, 'arguments');
  const args = () => (span === undefined ? undefined : valueAt(message.raw, span));
  const wrong = rooms.tools.disagreement(
    incoming.serverName,
    tool,
    args,
    incoming.paramHeaders,
    decodeHeader,
  );
  if (wrong !== undefined) throw mismatch(wrong);
}

const SENTINEL = /^=\?base64\?(.*)\?=$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The value of a header that may be written `=?base64?…?=`; undefined where that is not valid. */
export function decodeHeader(value: string): string | undefined {
  const encoded = SENTINEL.exec(value)?.[1];
  if (encoded === undefined) return value;
  if (!BASE64.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const decoded = bytes.toString('utf8');
  return Buffer.from(decoded, 'utf8').equals(bytes) ? decoded : undefined;
}

function mismatch(what: string): Ending {
  return new Ending('header_mismatch', `${what}.`, { status: 400, rpcCode: RPC.headerMismatch });
}

function missing(key: string): Ending {
  return new Ending('malformed', `params._meta["${key}"] is required.`, {
    status: 400,
    rpcCode: RPC.invalidParams,
  });
}
