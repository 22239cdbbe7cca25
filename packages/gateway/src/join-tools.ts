import { systemClock } from '@sallyport/shared/clock';
import { readMessage } from '@sallyport/shared/jsonrpc';
import type { Audit } from './audit/index.ts';
import type { AgentRules } from './masking/index.ts';
import type { Registry, ServerSpec } from './registry/index.ts';
import type { Sessions } from './session/index.ts';
import type { Store } from './store/index.ts';
import type { Logger } from './telemetry/index.ts';
import { openTools, type Tools, type ToolsOptions } from './tools/index.ts';
import type { ServerStatus, Tunnel } from './tunnel/index.ts';

export interface ToolsParts {
  readonly store: Store;
  readonly logger: Logger;
  readonly audit: Audit;
  readonly registry: Registry;
  readonly sessions: Sessions;
  readonly tunnel: Tunnel;
  readonly agentRules: AgentRules;
}

const LIST_CHANGED = Buffer.from('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}');
/** Longest wait for an agent's answer; the agent gives up by itself before. */
const ASK_MAX_MS = 30_000;

/** Joins pins with documents, agents, sessions and the log. */
export async function joinTools(parts: ToolsParts, undo: (() => unknown)[]): Promise<Tools> {
  const { store, logger, audit, registry, sessions } = parts;
  const tools = await openTools({
    store,
    logger,
    clock: systemClock,
    record: (entry) => audit.record(entry),
    firstUse: (server) => registry.snapshot().servers.get(server)?.spec.pins === 'first-use',
    ...agentsOf(parts),
  });
  undo.push(() => tools.close());
  registry.onChange(() => tools.look());
  tools.onChanged((server) =>
    sessions.announce((session) => session.server === server, readMessage(LIST_CHANGED)),
  );
  return tools;
}

function agentsOf({
  registry,
  tunnel,
  agentRules,
}: ToolsParts): Pick<ToolsOptions, 'askable' | 'coming' | 'ask'> {
  return {
    askable: () =>
      [...registry.snapshot().servers].flatMap(([server, { spec }]) => {
        const place = placeOf(tunnel, server, spec);
        const { agent, status } = place ?? {};
        if (agent === undefined || status === undefined || status.eras.length === 0) return [];
        return [{ server, agent, identity: JSON.stringify([agent, spec.pins, status]) }];
      }),
    coming: (server) => {
      const spec = registry.snapshot().servers.get(server)?.spec;
      const place = spec && placeOf(tunnel, server, spec);
      return place !== undefined && place.status?.probed !== true;
    },
    ask: ({ server, agent }) =>
      tunnel.listTools(
        agent,
        {
          server: registry.snapshot().servers.get(server)?.spec.agentServer ?? server,
          document: server,
          rulesVersion: agentRules.of(agent).version,
        },
        ASK_MAX_MS,
      ),
  };
}

/** The agent that serves a server now, and what it says of it. */
function placeOf(
  tunnel: Tunnel,
  server: string,
  spec: ServerSpec,
): { agent: string; status: ServerStatus | undefined } | undefined {
  const agent = spec.enabled ? spec.agents.find((name) => tunnel.attached(name)) : undefined;
  return agent === undefined
    ? undefined
    : { agent, status: tunnel.server(agent, spec.agentServer ?? server) };
}
