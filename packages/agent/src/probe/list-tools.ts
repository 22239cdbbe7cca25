import {
  elementsAt,
  find,
  findPath,
  type Message,
  readMessage,
  stringAt,
  text,
} from '@sallyport/shared/jsonrpc';
import { DEFINITIONS_MAX_BYTES, LIST_TIMEOUT_MS, TOOL_PAGES_MAX } from '../limits.ts';
import type { Era } from './types.ts';

/** A connection on which questions are asked one after the other; see the servers room. */
interface Dialogue {
  ask(message: object, id: string, headers: Readonly<Record<string, string>>): Promise<Message>;
  tell(message: object, headers: Readonly<Record<string, string>>): void;
  end(): void;
}

export interface ListToolsParts {
  readonly era: Era;
  readonly agentVersion: string;
  readonly open: (request: { readonly era: Era; readonly timeoutMs: number }) => Promise<Dialogue>;
  /** Masks an answer before it leaves the network. @throws Error in words where it can't be */
  readonly mask: (answer: Buffer) => Promise<Buffer>;
}

const LEGACY_VERSION = '2025-11-25';
const MODERN_VERSION = '2026-07-28';
const META = 'io.modelcontextprotocol';
const METHOD_NOT_FOUND = '-32601';

/**
 * All tools that a server defines, over all pages, as a JSON array of its own bytes, masked.
 *
 * @throws Error in words where there is no whole list: half a list would look as if tools had gone
 */
export async function listTools({ era, agentVersion, open, mask }: ListToolsParts): Promise<Buffer> {
  const dialogue = await open({ era, timeoutMs: LIST_TIMEOUT_MS });
  try {
    const clientInfo = { name: 'sallyport-agent', version: agentVersion };
    const begun = era === 'legacy' ? await initialize(dialogue, clientInfo) : modern(clientInfo);
    if (begun === undefined) return Buffer.from('[]');
    const definitions: Buffer[] = [];
    const cursors = new Set<string>();
    let sizeBytes = 2;
    let cursor: string | undefined;
    for (let page = 1; ; page += 1) {
      if (page > TOOL_PAGES_MAX) throw new Error(`its list of tools has more than ${TOOL_PAGES_MAX} pages`);
      const id = `sallyport-tools-${page}`;
      const params = { ...begun.params, ...(cursor === undefined ? {} : { cursor }) };
      const answer = await dialogue.ask(
        { jsonrpc: '2.0', id, method: 'tools/list', params },
        id,
        begun.headers,
      );
      if (answer.error !== undefined) {
        const code = find(answer.error.members, 'code');
        if (page === 1 && code !== undefined && text(answer.raw, code) === METHOD_NOT_FOUND)
          return Buffer.from('[]');
        throw new Error('it answered tools/list with an error');
      }
      const masked = readMessage(await mask(answer.raw));
      const list = findPath(masked.result, 'tools');
      if (list === undefined || masked.raw[list.start] !== 0x5b)
        throw new Error('it answered tools/list, but not as MCP demands');
      for (const { start, end } of elementsAt(masked.raw, list)) {
        definitions.push(masked.raw.subarray(start, end));
        sizeBytes += end - start + 1;
      }
      if (sizeBytes > DEFINITIONS_MAX_BYTES)
        throw new Error(`its definitions of tools take more than ${DEFINITIONS_MAX_BYTES} bytes`);
      cursor = stringAt(answer.raw, findPath(answer.result, 'nextCursor'));
      if (cursor === undefined) return arrayOf(definitions);
      if (cursors.has(cursor)) throw new Error('its list of tools goes round in a circle');
      cursors.add(cursor);
    }
  } finally {
    dialogue.end();
  }
}

interface Begun {
  readonly params: object;
  readonly headers: Readonly<Record<string, string>>;
}

/** Undefined where the server says that it has no tools. */
async function initialize(dialogue: Dialogue, clientInfo: object): Promise<Begun | undefined> {
  const id = 'sallyport-tools-initialize';
  const params = { protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo };
  const answer = await dialogue.ask({ jsonrpc: '2.0', id, method: 'initialize', params }, id, {});
  const version = stringAt(answer.raw, findPath(answer.result, 'protocolVersion'));
  if (version === undefined) throw new Error('it answered initialize, but not as MCP demands');
  const headers = { 'mcp-protocol-version': version };
  dialogue.tell({ jsonrpc: '2.0', method: 'notifications/initialized' }, headers);
  return findPath(answer.result, 'capabilities', 'tools') === undefined ? undefined : { params: {}, headers };
}

function modern(clientInfo: object): Begun {
  const meta = {
    [`${META}/protocolVersion`]: MODERN_VERSION,
    [`${META}/clientCapabilities`]: {},
    [`${META}/clientInfo`]: clientInfo,
  };
  const headers = { 'mcp-protocol-version': MODERN_VERSION, 'mcp-method': 'tools/list' };
  return { params: { _meta: meta }, headers };
}

function arrayOf(items: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  for (const [index, item] of items.entries()) parts.push(Buffer.from(index === 0 ? '[' : ','), item);
  return items.length === 0 ? Buffer.from('[]') : Buffer.concat([...parts, Buffer.from(']')]);
}
