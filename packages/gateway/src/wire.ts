import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { systemClock } from '@sallyport/shared/clock';
import { type Admin, createAdmin } from './admin/index.ts';
import { createApproval } from './approval/index.ts';
import { type Audit, openAudit } from './audit/index.ts';
import { bootstrapAdministrator } from './bootstrap.ts';
import { numberLexeme, type Rooms } from './call/index.ts';
import type { Settings } from './config/index.ts';
import { type Foundation, openFoundation } from './foundation.ts';
import { createFrontDoor, type FrontDoorOptions, readTls } from './http/index.ts';
import { type Identity, openIdentity } from './identity/index.ts';
import { createMasking } from './masking/index.ts';
import { createPolicy, type Policy } from './policy/index.ts';
import { openRegistry, type Registry, type ServerSpec, type Snapshot } from './registry/index.ts';
import { SessionStore, Sessions } from './session/index.ts';
import { sessionsView } from './sessions-view.ts';
import { createMetrics, type Logger, type Metrics } from './telemetry/index.ts';
import { createTools } from './tools/index.ts';
import { postgresAgentStore, startTunnel, type Tunnel } from './tunnel/index.ts';
import { GATEWAY_VERSION } from './version.ts';

/** A running gateway. */
export interface Gateway {
  /** Port of MCP endpoints and API. */
  readonly port: number;
  readonly tunnelPort: number;
  /** Process id of the embedded Postgres, where it runs. */
  postgresPid(): number | undefined;
  /** Stops in the order that loses nothing: no new calls, agents told, log closed, database last. */
  stop(): Promise<void>;
}

/** All rooms, joined. */
interface Joined extends Foundation {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly audit: Audit;
  readonly policy: Policy;
  readonly registry: Registry;
  readonly identity: Identity;
  readonly tunnel: Tunnel;
  readonly sessions: Sessions;
  readonly metrics: Metrics;
}

/** How long calls under way may go on at a stop. */
const STOP_GRACE_MS = 5_000;

/**
 * Builds the rooms and joins them: the only file that knows all of them. Each room gets what it needs of another as
 * a function or a door; none imports another. Whatever was begun is undone where a later step fails.
 */
export async function startGateway(settings: Settings, logger: Logger): Promise<Gateway> {
  const undo: (() => unknown)[] = [];
  try {
    const joined = await joinRooms(settings, logger, undo);
    return await openDoors(joined, undo);
  } catch (thrown) {
    for (const step of undo.reverse()) {
      try {
        await step();
      } catch (alsoThrown) {
        logger.warn('while undoing a failed start', { error: String(alsoThrown) });
      }
    }
    throw thrown;
  }
}

async function joinRooms(settings: Settings, logger: Logger, undo: (() => unknown)[]): Promise<Joined> {
  const clock = systemClock;
  const foundation = await openFoundation(settings, logger, undo);
  const { store } = foundation;
  const audit = await openAudit({ store, slot: 0, deploymentName: settings.deploymentName, clock, logger });
  undo.push(() => audit.close());
  const policy = createPolicy({ numberLexeme });
  const registry = await openRegistry({
    store,
    record: (entry) => audit.record(entry),
    checkPolicy: (cedar) => policy.check(cedar),
    logger,
  });
  undo.push(() => registry.close());
  const identity = await openIdentity({ store, clock, logger });
  undo.push(() => identity.close());
  putInForce(registry.snapshot(), policy, identity, logger);
  registry.onChange((snapshot) => putInForce(snapshot, policy, identity, logger));
  await bootstrapAdministrator({ registry, identity, file: settings.bootstrapTokenFile });
  const { tunnel, sessions } = await joinTunnel({ settings, logger, audit, foundation }, undo);
  identity.onRevoked((tokenId) => sessions.endWhere((session) => session.tokenId === tokenId, 'revoked'));
  registry.onChange((snapshot) =>
    sessions.endWhere(({ server }) => usableServer(snapshot, server) === undefined, 'server removed'),
  );
  const metrics = createMetrics({
    sessions: () => sessions.count,
    entries: () => audit.size(),
    logHealthy: () => audit.healthy(),
  });
  return { ...foundation, settings, logger, audit, policy, registry, identity, tunnel, sessions, metrics };
}

/** The tunnel asks sessions and sessions ask the tunnel; each finds the other through here. */
async function joinTunnel(
  given: { settings: Settings; logger: Logger; audit: Audit; foundation: Foundation },
  undo: (() => unknown)[],
): Promise<{ tunnel: Tunnel; sessions: Sessions }> {
  const { settings, logger, audit, foundation } = given;
  const late: { sessions?: Sessions; tunnel?: Tunnel } = {};
  const sessions = new Sessions({
    store: new SessionStore(foundation.store.pool),
    openChannel: (request) =>
      late.tunnel === undefined
        ? Promise.reject(new Error('the tunnel is not open yet'))
        : late.tunnel.open(request),
    endAtAgent: (agent, sessionId, reason) => late.tunnel?.endSession(agent, sessionId, reason),
    clock: systemClock,
    onEnded: (session, reason) => {
      const { principalKind, principal, tokenId, id, server, agent } = session;
      audit
        .record({
          kind: 'session.end',
          actor: { kind: principalKind, name: principal, token: tokenId },
          session: id,
          server,
          agent,
          fields: { reason: reason.slice(0, 200).toWellFormed() },
          control: ['AC-12'],
        })
        .catch((thrown: unknown) =>
          logger.error('the end of a session was not recorded', { session: id, error: String(thrown) }),
        );
    },
    onDropped: ({ id, server }, why) =>
      logger.warn('something a server said was dropped', { session: id, server, why }),
  });
  undo.push(() => sessions.close());
  const tunnel = await startTunnel({
    host: settings.tunnelHost,
    port: settings.tunnelPort,
    names: settings.tunnelNames,
    replica: `${settings.deploymentName}/0`,
    gatewayVersion: GATEWAY_VERSION,
    clock: systemClock,
    logger,
    store: postgresAgentStore(foundation.store.pool),
    sealer: {
      seal: (plain, context) => foundation.sealer.seal(context, plain),
      unseal: (sealed, context) => foundation.sealer.unseal(context, sealed),
    },
    record: (entry) => audit.record(entry),
    unknownSessions: (agent, live) => sessions.reconcile(agent, live),
  });
  late.tunnel = tunnel;
  undo.push(() => tunnel.stop(0));
  tunnel.onSessionsLost(({ agent, sessionIds, reason }) => {
    sessions
      .lost(agent, sessionIds, reason)
      .catch((thrown: unknown) =>
        logger.error('lost sessions were not settled', { agent, error: String(thrown) }),
      );
  });
  return { tunnel, sessions };
}

/** Puts a version of the documents in force: policies, then accounts, so that nobody gets in before policy knows. */
function putInForce(snapshot: Snapshot, policy: Policy, identity: Identity, logger: Logger): void {
  const policies = [...snapshot.policies.values()].filter(({ spec }) => spec.enabled);
  try {
    policy.load(policies.map(({ name, spec }) => ({ name, cedar: spec.cedar })));
  } catch (thrown) {
    logger.error('policies not put in force; the ones before stay', {
      version: snapshot.version,
      error: String(thrown),
    });
  }
  const accounts = [...snapshot.serviceAccounts.values()];
  identity.useAccounts(accounts.map(({ name, spec }) => ({ name, ...spec })));
}

function usableServer(snapshot: Snapshot, name: string): ServerSpec | undefined {
  const spec = snapshot.servers.get(name)?.spec;
  return spec?.enabled ? spec : undefined;
}

async function openDoors(joined: Joined, undo: (() => unknown)[]): Promise<Gateway> {
  const { settings, logger, audit, policy, registry, identity, tunnel, sessions, metrics, store } = joined;
  const rooms: Rooms = {
    identity,
    sessions,
    policy,
    approval: createApproval(),
    audit,
    masking: createMasking(),
    tools: createTools(),
    server: (name) => usableServer(registry.snapshot(), name),
    inventory: (agent, server) => tunnel.server(agent, server),
    attached: (agent) => tunnel.attached(agent),
    clock: systemClock,
    logger,
    publicUrl: settings.publicUrl,
    counters: metrics,
  };
  let api: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  const front = createFrontDoor(
    frontDoorOptions(joined, rooms, (request, response) => api?.(request, response)),
  );
  const gatewayInfo = {
    version: GATEWAY_VERSION,
    publicUrl: settings.publicUrl,
    startedAt: new Date(systemClock.now()).toISOString(),
    quickstart: settings.quickstart,
    databaseHealthy: () => store.healthy(),
  };
  const admin = await createAdmin(
    {
      registry,
      identity,
      policy,
      audit,
      tunnel,
      sessions: sessionsView(sessions),
      gatewayInfo,
      clock: systemClock,
      logger,
    },
    {
      serverFactory: (handler) => {
        api = handler;
        return front;
      },
    },
  );
  await admin.app.ready();
  const port = await listen(front, settings);
  undo.push(() => front.close());
  logger.info('the gateway listens', { port, tunnelPort: tunnel.port, url: settings.publicUrl });
  return {
    port,
    tunnelPort: tunnel.port,
    postgresPid: () => joined.embedded?.pid(),
    stop: () => stopGateway(joined, front, admin),
  };
}

function frontDoorOptions(joined: Joined, rooms: Rooms, api: FrontDoorOptions['api']): FrontDoorOptions {
  const { settings, logger, audit, registry, tunnel, metrics, store } = joined;
  const documents = () => [...registry.snapshot().servers.values()];
  const readiness = () => {
    const tunnels = documents().some(({ spec }) => spec.agents.some((agent) => tunnel.attached(agent)));
    const checks = { database: store.healthy(), log: audit.healthy(), tunnel: tunnels };
    return { ready: checks.database && checks.log && checks.tunnel, checks };
  };
  const stateOf = (name: string, spec: ServerSpec) => {
    if (!spec.enabled) return 'switched off';
    const agent = spec.agents.find((candidate) => tunnel.attached(candidate));
    if (agent === undefined) return 'agent away';
    const status = tunnel.server(agent, spec.agentServer ?? name);
    if (status === undefined) return 'not exposed by the agent';
    return status.problem === '' ? (status.probed ? 'ready' : 'being probed') : status.problem;
  };
  return {
    rooms,
    guard: settings,
    ...(settings.tls === undefined ? {} : { tls: readTls(settings.tls) }),
    api,
    readiness,
    metrics: () => metrics.render(),
    page: () => ({
      publicUrl: settings.publicUrl,
      version: GATEWAY_VERSION,
      ready: readiness().ready,
      servers: documents().map(({ name, spec }) => ({
        name,
        title: spec.title ?? spec.description ?? '',
        state: stateOf(name, spec),
      })),
    }),
    logger,
  };
}

function listen(server: Server, { host, port }: Settings): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

async function stopGateway(joined: Joined, front: Server, admin: Admin): Promise<void> {
  const closed = new Promise((resolve) => front.close(resolve));
  front.closeIdleConnections();
  await joined.tunnel.stop(STOP_GRACE_MS);
  front.closeAllConnections();
  await closed;
  await admin.close();
  joined.sessions.close();
  await joined.registry.close();
  await joined.identity.close();
  await joined.audit.close();
  await joined.store.close();
  await joined.embedded?.stop();
}
