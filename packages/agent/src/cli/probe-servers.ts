import type { AgentConfig, ServerDefinition } from '../config/index.ts';
import { askServer, type ServerStatus } from '../probe/index.ts';
import { openServerRooms } from '../server-rooms.ts';
import { converse } from '../servers/index.ts';
import { openLogger } from '../telemetry/index.ts';
import { agentVersion } from '../version.ts';

/** Asks all servers of a configuration what they speak, in order. Starts and ends a process for each question. */
export async function probeServers(
  config: AgentConfig,
  onStatus: (definition: ServerDefinition, status: ServerStatus) => void,
): Promise<void> {
  const log = openLogger('error', 'agent');
  const rooms = openServerRooms(() => config, log);
  const endings: Promise<void>[] = [];
  try {
    for (const definition of config.servers.values()) {
      const status = await askServer(
        definition,
        (question) => converse(rooms.probing, question, log, (ended) => endings.push(ended)),
        agentVersion(),
      );
      onStatus(definition, status);
    }
  } finally {
    await Promise.allSettled(endings);
    await rooms.close();
  }
}
