import { systemClock } from '@sallyport/shared/clock';
import type { Audit } from './audit/index.ts';
import { announceTools } from './join-news.ts';
import type { AgentRules } from './masking/index.ts';
import { namesTool } from './policy/index.ts';
import type { Proposals } from './proposal/index.ts';
import type { Registry, ServerSpec } from './registry/index.ts';
import type { Sessions } from './session/index.ts';
import type { Store } from './store/index.ts';
import type { Logger } from './telemetry/index.ts';
import { openTools, type PinRule, type Tools, type ToolsOptions } from './tools/index.ts';
import type { ServerStatus, Tunnel } from './tunnel/index.ts';

export interface ToolsParts {
  readonly store: Store;
  readonly logger: Logger;
  readonly audit: Audit;
  readonly registry: Registry;
  readonly sessions: Sessions;
  readonly proposals: Proposals;
  readonly tunnel: Tunnel;
  readonly agentRules: AgentRules;
}

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
    rules: (server) => pinRules(registry.snapshot().servers.get(server)?.spec),
    ...agentsOf(parts),
  });
  undo.push(() => tools.close());
  registry.onChange(() => tools.look());
  joinProposals(parts.proposals, tools);
  tools.onChanged((server) => announceTools(sessions, (session) => session.server === server));
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
        return [{ server, agent, identity: JSON.stringify([agent, spec.pins, spec.pinRules, status]) }];
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

/** A Server document's rules as the tools room takes them. */
function pinRules({ pinRules: rules = [] }: Pick<ServerSpec, 'pinRules'> = {}): PinRule[] {
  return rules.map(({ name, tools, changed = false }) => ({
    name,
    covers: (tool) => tools.some((pattern) => namesTool(pattern, tool)),
    changed,
  }));
}

/** Where the document asks for two: one proposes to pin a definition, another confirms that very digest. */
function joinProposals(proposals: Proposals, tools: Tools): void {
  const find = async (payload: unknown) => {
    // Cast: the route that proposes writes it.
    const { server, tool, digest } = payload as { server: string; tool: string; digest: string };
    const [row] = await tools.list({ server, tool, limit: 1 });
    return { server, tool, digest, row };
  };
  proposals.register('tool.pin', {
    check: async (payload) => {
      const { server, tool, digest, row } = await find(payload);
      if (row === undefined) return `"${server}" has shown no tool "${tool}".`;
      if (row.seen !== digest)
        return `"${server}" does not show this definition of "${tool}" now. Look at it again.`;
      return row.pinned === digest ? `"${tool}" is pinned already.` : undefined;
    },
    execute: async (payload, { proposedBy, decidedBy, reason }) => {
      const { server, tool, digest, row } = await find(payload);
      // Done before a crash.
      if (row?.pinned === digest) return `"${tool}" of "${server}" is pinned`;
      const by = { kind: proposedBy.kind, name: `${proposedBy.name} and ${decidedBy ?? 'nobody'}` };
      await tools.decide({ server, tool, digest, pin: true, reason }, by);
      return `"${tool}" of "${server}" is pinned`;
    },
  });
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
