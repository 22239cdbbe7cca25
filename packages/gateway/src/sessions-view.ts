import type { SessionsView } from './admin/index.ts';
import type { Sessions } from './session/index.ts';

/** What the API shows of sessions, from the sessions room. */
export function sessionsView(sessions: Sessions): SessionsView {
  return {
    async list(after, limit) {
      const stored = await sessions.list(after, limit);
      return stored.map(({ identity, lastSeenAt, protocolVersion }) => ({
        id: identity.id,
        principal: { kind: identity.principalKind, name: identity.principal },
        server: identity.server,
        agent: identity.agent,
        era: identity.era,
        ...(protocolVersion === undefined ? {} : { protocolVersion }),
        client: identity.client,
        startedAt: new Date(identity.createdAt).toISOString(),
        lastUsedAt: new Date(sessions.live(identity.id)?.lastSeenAt ?? lastSeenAt).toISOString(),
      }));
    },
    end: (id, reason, by) => sessions.end(id, `${reason} (by ${by.name})`),
  };
}
