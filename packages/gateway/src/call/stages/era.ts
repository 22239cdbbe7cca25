import { setTimeout as sleep } from 'node:timers/promises';
import { RPC } from '@sallyport/shared/jsonrpc';
import type { ServerSpec } from '../../registry/index.ts';
import { Ending, REFUSAL } from '../ending.ts';
import type { Rooms } from '../rooms.ts';
import { MODERN_VERSIONS } from '../versions.ts';

/** How long a first request waits for the agent's first probe of a server. A probe takes a start of the server. */
const PROBE_WAIT_MS = 10_000;
const PROBE_LOOK_MS = 100;

/**
 * The agent to use, once the server is known to speak the client's era.
 * @throws Ending where no agent is attached, the server has a problem, or it speaks the other era only
 */
export async function openEra(
  rooms: Pick<Rooms, 'inventory' | 'attached' | 'clock'>,
  server: ServerSpec,
  agentServer: string,
  era: 'legacy' | 'modern',
): Promise<string> {
  const untilMs = rooms.clock.monotonicMs() + PROBE_WAIT_MS;
  for (;;) {
    const agent = server.agents.find((name) => rooms.attached(name));
    if (agent === undefined) throw away();
    const status = rooms.inventory(agent, agentServer);
    if (status === undefined) throw notExposed(agent);
    if (status.eras.includes(era)) return agent;
    if (status.probed && status.eras.length > 0) throw otherEra(era);
    // Not probed yet, or the probe failed: a failed probe is tried again by the agent; a legacy client may try now.
    if (status.probed && era === 'legacy') return agent;
    if (rooms.clock.monotonicMs() >= untilMs) {
      if (era === 'legacy') return agent;
      throw otherEra(era);
    }
    await sleep(PROBE_LOOK_MS);
  }
}

function away(): Ending {
  return new Ending(
    'not_sent',
    'The agent that serves this server is not connected. Nothing was sent. Try again, or ask who runs the agent.',
    { status: 503, rpcCode: REFUSAL.notSent, data: { reason: 'agent_away', outcome: 'not_sent' } },
  );
}

function notExposed(agent: string): Ending {
  return new Ending(
    'not_sent',
    'The agent does not expose this server. Nothing was sent. Ask who runs the agent to add it to agent.yaml.',
    { status: 503, rpcCode: REFUSAL.notSent, data: { reason: 'unknown_server', outcome: 'not_sent' } },
    { detail: agent },
  );
}

/** A modern client falls back on a 400 that is not one of the modern era's own errors (MCP.md). */
function otherEra(era: 'legacy' | 'modern'): Ending {
  if (era === 'modern') {
    return new Ending(
      'era_unavailable',
      'This server speaks revisions before 2026-07-28 only: send initialize.',
      {
        status: 400,
        rpcCode: REFUSAL.general,
      },
    );
  }
  return new Ending('era_unavailable', 'This server speaks revision 2026-07-28 only: send server/discover.', {
    status: 400,
    rpcCode: RPC.unsupportedVersion,
    data: { supported: MODERN_VERSIONS },
  });
}
