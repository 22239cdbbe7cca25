import { PROBE_TIMEOUT_MS } from '../limits.ts';
import type { Ask, Era, Probed, Reply, ServerStatus } from './types.ts';

const MODERN_VERSION = '2026-07-28';
const LEGACY_VERSION = '2025-11-25';
const META = 'io.modelcontextprotocol';
const TEXT_MAX = 200;

interface Finding {
  readonly era: Era;
  readonly versions: readonly string[];
  readonly name: string;
  readonly version: string;
}

/** What a server not asked yet is reported as. */
export function unprobed(definition: Probed): ServerStatus {
  return {
    name: definition.name,
    transport: definition.transport,
    eras: [],
    protocolVersions: [],
    serverName: '',
    serverVersion: '',
    problem: '',
    probed: false,
  };
}

/**
 * Asks a server which eras it speaks (MCP.md): `server/discover` and `initialize`, each over a connection of its
 * own, because some servers exit when they are asked the one they don't know.
 */
export async function askServer<Definition extends Probed>(
  definition: Definition,
  ask: Ask<Definition>,
  agentVersion: string,
): Promise<ServerStatus> {
  const clientInfo = { name: 'sallyport-agent', version: agentVersion };
  const legacyReply = await askLegacy(definition, ask, clientInfo);
  const legacy = 'failure' in legacyReply ? undefined : readInitialize(legacyReply.answer);
  // HTTP+SSE ended with the legacy era.
  const modernReply =
    definition.transport === 'sse' ? undefined : await askModern(definition, ask, clientInfo);
  const modern =
    modernReply === undefined || 'failure' in modernReply ? undefined : readDiscover(modernReply.answer);
  const found = [modern, legacy].filter((finding) => finding !== undefined);
  const [first] = found;
  return {
    ...unprobed(definition),
    eras: found.map((finding) => finding.era),
    protocolVersions: [...new Set(found.flatMap((finding) => finding.versions))],
    serverName: first?.name ?? '',
    serverVersion: first?.version ?? '',
    problem: first === undefined ? problemOf(legacyReply) : '',
    probed: true,
  };
}

function askLegacy<Definition>(
  definition: Definition,
  ask: Ask<Definition>,
  clientInfo: object,
): Promise<Reply> {
  const id = 'sallyport-probe-initialize';
  const params = { protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo };
  const message = { jsonrpc: '2.0', id, method: 'initialize', params };
  return ask({ definition, era: 'legacy', message, id, headers: {}, timeoutMs: PROBE_TIMEOUT_MS });
}

function askModern<Definition>(
  definition: Definition,
  ask: Ask<Definition>,
  clientInfo: object,
): Promise<Reply> {
  const id = 'sallyport-probe-discover';
  const meta = {
    [`${META}/protocolVersion`]: MODERN_VERSION,
    [`${META}/clientCapabilities`]: {},
    [`${META}/clientInfo`]: clientInfo,
  };
  const message = { jsonrpc: '2.0', id, method: 'server/discover', params: { _meta: meta } };
  const headers = { 'mcp-protocol-version': MODERN_VERSION, 'mcp-method': 'server/discover' };
  return ask({ definition, era: 'modern', message, id, headers, timeoutMs: PROBE_TIMEOUT_MS });
}

function readInitialize(answer: Record<string, unknown>): Finding | undefined {
  const result = record(answer.result);
  const version = text(result?.protocolVersion);
  if (result === undefined || version === '') return undefined;
  const info = record(result.serverInfo);
  return { era: 'legacy', versions: [version], name: text(info?.name), version: text(info?.version) };
}

function readDiscover(answer: Record<string, unknown>): Finding | undefined {
  const result = record(answer.result);
  const listed = result?.supportedVersions;
  if (result === undefined || !Array.isArray(listed)) return undefined;
  // A server of both eras may list legacy versions too; only a modern one makes it speak the modern era.
  const versions = listed.map(text).filter((version) => version >= MODERN_VERSION);
  if (versions.length === 0) return undefined;
  const info = record(record(result._meta)?.[`${META}/serverInfo`]) ?? record(result.serverInfo);
  return {
    era: 'modern',
    versions: versions.slice(0, 10),
    name: text(info?.name),
    version: text(info?.version),
  };
}

/** Words for a server that speaks neither era. */
function problemOf(reply: Reply): string {
  if ('failure' in reply) return reply.failure;
  const error = record(reply.answer.error);
  const code = typeof error?.code === 'number' ? ` (code ${error.code})` : '';
  return error === undefined
    ? 'it answered initialize, but not as MCP demands'
    : `it answered initialize with an error${code}`;
}

function record(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  // An object from JSON.parse has string keys.
  return value as Record<string, unknown>;
}

/** What a server calls itself is shown to people: bounded, and without control characters. */
function text(value: unknown): string {
  if (typeof value !== 'string') return '';
  return value.replace(/\p{C}/gu, '').slice(0, TEXT_MAX);
}
