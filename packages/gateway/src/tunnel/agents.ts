import type { Clock } from '@sallyport/shared/clock';
import type { AttachedTunnel } from './attached-tunnel.ts';
import type { Hub } from './hub.ts';
import type { AgentStore, StoredAgent } from './storage.ts';
import type { AgentStatus } from './types.ts';

/** All agents that are known, by name: what is stored and what is attached to this replica now. */
export async function listAgents(store: AgentStore, hub: Hub, clock: Clock): Promise<AgentStatus[]> {
  const stored = await store.listAgents();
  return stored
    .map((agent) => describe(agent, hub.current(agent.name), hub.tunnels(agent.name), clock))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function describe(
  agent: StoredAgent,
  current: AttachedTunnel | undefined,
  tunnels: readonly AttachedTunnel[],
  clock: Clock,
): AgentStatus {
  const openChannels = tunnels.reduce((sum, tunnel) => sum + tunnel.channels.size, 0);
  const known = { name: agent.name, revoked: agent.revoked, openChannels };
  if (current === undefined) {
    const { certificate } = agent;
    if (certificate === undefined) return { ...known, attached: false, servers: [] };
    return {
      ...known,
      attached: false,
      servers: [],
      certificateFingerprint: certificate.fingerprint,
      certificateExpiresAt: new Date(certificate.expiresAt).toISOString(),
    };
  }
  const { facts } = current;
  return {
    ...known,
    attached: true,
    agentVersion: facts.agentVersion,
    protocol: facts.protocol,
    bootId: facts.bootId,
    attachedAt: new Date(facts.attachedAt).toISOString(),
    certificateFingerprint: facts.identity.fingerprint,
    certificateExpiresAt: new Date(facts.identity.expiresAt).toISOString(),
    leaseAgeMs: Math.round(current.leaseAgeMs(clock.monotonicMs())),
    clockOffsetMs: facts.clockOffsetMs,
    ...(current.rulesVersion === 0 ? {} : { maskingRulesVersion: current.rulesVersion }),
    ...(current.rulesProblem === '' ? {} : { maskingRulesProblem: current.rulesProblem }),
    servers: [...(current.inventory?.values() ?? [])],
  };
}
