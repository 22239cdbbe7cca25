import type { ServerStatus__Output } from '@sallyport/proto';
import { isServerName } from '@sallyport/shared/ids';
import { AGENT_TEXT_MAX_CHARS, INVENTORY_SERVERS_MAX } from './limits.ts';
import type { ServerStatus } from './types.ts';

const TRANSPORTS = ['stdio', 'http', 'sse'] as const;
const ERAS = ['legacy', 'modern'] as const;

/**
 * Reads what an agent says of its servers. The agent is authenticated but not trusted with our memory or screens:
 * lists and texts are bounded, and an entry whose name or transport we do not know is left out and counted.
 */
export function readInventory(servers: readonly ServerStatus__Output[]): {
  servers: Map<string, ServerStatus>;
  dropped: number;
} {
  const known = new Map<string, ServerStatus>();
  for (const server of servers) {
    if (known.size >= INVENTORY_SERVERS_MAX) break;
    const transport = TRANSPORTS.find((one) => one === server.transport);
    if (transport === undefined || !isServerName(server.name)) continue;
    known.set(server.name, {
      name: server.name,
      transport,
      eras: ERAS.filter((era) => server.eras.includes(era)),
      protocolVersions: server.protocolVersions.slice(0, 16).map(boundedText),
      serverName: boundedText(server.serverName),
      serverVersion: boundedText(server.serverVersion),
      problem: boundedText(server.problem),
      probed: server.probed,
    });
  }
  return { servers: known, dropped: servers.length - known.size };
}

/** A text of an agent's, cut to a length that fits a log line. */
export function boundedText(text: string): string {
  return text.length <= AGENT_TEXT_MAX_CHARS ? text : `${text.slice(0, AGENT_TEXT_MAX_CHARS - 1)}…`;
}
