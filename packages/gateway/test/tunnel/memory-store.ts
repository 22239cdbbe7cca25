import type { AgentStore, StoredCertificate, StoredToken } from '../../src/tunnel/index.ts';

/** The tunnel's storage in memory. Each method is one step, as it is in Postgres. */
export function memoryAgentStore(): AgentStore {
  const keys = new Map<string, Uint8Array>();
  const agents = new Map<string, { revoked: boolean }>();
  const tokens = new Map<string, StoredToken>();
  const certificates = new Map<string, StoredCertificate>();
  const ofAgent = (name: string) => [...certificates.values()].filter((one) => one.agent === name);
  const revokeAll = (name: string): string[] =>
    ofAgent(name)
      .filter((one) => !one.revoked)
      .map((one) => {
        certificates.set(one.serial, { ...one, revoked: true });
        return one.serial;
      });
  return {
    loadSealedKey: async (name) => keys.get(name),
    saveSealedKey: async (name, sealed) => {
      const stored = keys.get(name) ?? sealed;
      keys.set(name, stored);
      return stored;
    },
    saveEnrolmentToken: async (token) => {
      if (!agents.has(token.agent)) agents.set(token.agent, { revoked: false });
      tokens.set(token.id, token);
    },
    findEnrolmentToken: async (id) => tokens.get(id),
    enrol: async (tokenId, certificate) => {
      const token = tokens.get(tokenId);
      if (token === undefined || token.used) return { enrolled: false, replacedSerials: [] };
      tokens.set(tokenId, { ...token, used: true });
      agents.set(certificate.agent, { revoked: false });
      const replacedSerials = revokeAll(certificate.agent);
      certificates.set(certificate.serial, certificate);
      return { enrolled: true, replacedSerials };
    },
    renew: async (previousSerial, certificate) => {
      if (
        certificates.get(previousSerial)?.revoked !== false ||
        agents.get(certificate.agent)?.revoked !== false
      )
        return false;
      certificates.set(certificate.serial, certificate);
      return true;
    },
    findCertificate: async (serial) => certificates.get(serial),
    revokedSerials: async () =>
      [...certificates.values()].filter((one) => one.revoked).map((one) => one.serial),
    revokeAgent: async (name) => {
      if (!agents.has(name)) return false;
      agents.set(name, { revoked: true });
      revokeAll(name);
      for (const [id, token] of tokens) if (token.agent === name && !token.used) tokens.delete(id);
      return true;
    },
    listAgents: async () =>
      [...agents].map(([name, { revoked }]) => {
        const certificate = ofAgent(name).at(-1);
        return certificate === undefined ? { name, revoked } : { name, revoked, certificate };
      }),
  };
}
