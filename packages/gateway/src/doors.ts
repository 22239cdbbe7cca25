import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { systemClock } from '@sallyport/shared/clock';
import { type Admin, createAdmin } from './admin/index.ts';
import type { Approvals } from './approval/index.ts';
import type { Audit } from './audit/index.ts';
import type { Rooms } from './call/index.ts';
import type { Settings } from './config/index.ts';
import type { Foundation } from './foundation.ts';
import type { AccessReviews, Grants } from './grant/index.ts';
import { createFrontDoor, type FrontDoorOptions, readTls } from './http/index.ts';
import type { Identity } from './identity/index.ts';
import type { Jobs } from './jobs/index.ts';
import type { Limits } from './limit/index.ts';
import type { AgentRules, Masking, MaskingStatistics } from './masking/index.ts';
import type { Notify } from './notify/index.ts';
import type { Policy } from './policy/index.ts';
import type { Proposals } from './proposal/index.ts';
import type { Receipts } from './receipt/index.ts';
import type { Registry, ServerSpec, Snapshot } from './registry/index.ts';
import type { Labels, Sessions } from './session/index.ts';
import { sessionsView } from './sessions-view.ts';
import type { Logger, Metrics } from './telemetry/index.ts';
import type { Tools } from './tools/index.ts';
import type { Tunnel } from './tunnel/index.ts';
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
export interface Joined extends Foundation {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly audit: Audit;
  readonly policy: Policy;
  readonly registry: Registry;
  readonly identity: Identity;
  readonly tunnel: Tunnel;
  readonly sessions: Sessions;
  readonly masking: Masking;
  readonly labels: Labels;
  readonly agentRules: AgentRules;
  readonly maskingStatistics: MaskingStatistics;
  readonly receipts: Receipts;
  readonly metrics: Metrics;
  readonly grants: Grants;
  readonly limits: Limits;
  readonly accessReviews: AccessReviews;
  readonly proposals: Proposals;
  readonly tools: Tools;
  readonly approvals: Approvals;
  readonly notify: Notify;
  readonly jobs: Jobs;
}

/** How long calls under way may go on at a stop. */
const STOP_GRACE_MS = 5_000;

/** The Server document of that name, where it is switched on. */
export function usableServer(snapshot: Snapshot, name: string): ServerSpec | undefined {
  const spec = snapshot.servers.get(name)?.spec;
  return spec?.enabled ? spec : undefined;
}

/** Opens what clients and administrators come through, once all rooms are joined. */
export async function openDoors(joined: Joined, undo: (() => unknown)[]): Promise<Gateway> {
  const { settings, logger, audit, policy, registry, identity, tunnel, sessions, metrics, store, masking } =
    joined;
  const rooms: Rooms = {
    identity,
    sessions,
    labels: joined.labels,
    policy,
    approval: joined.approvals,
    sealer: joined.sealer,
    grants: joined.grants,
    limits: joined.limits,
    audit,
    masking,
    agentRulesVersion: (agent) => joined.agentRules.of(agent).version,
    tools: joined.tools,
    server: (name) => usableServer(registry.snapshot(), name),
    inventory: (agent, server) => tunnel.server(agent, server),
    attached: (agent) => tunnel.attached(agent),
    clock: systemClock,
    logger,
    publicUrl: settings.publicUrl,
    counters: {
      call: (...call) => metrics.call(...call),
      missed: (server) => metrics.missed(server),
      masked: (server, findings) => {
        metrics.masked(server, findings);
        joined.maskingStatistics.add(server, findings);
      },
    },
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
    ...redisHealth(joined),
  };
  const admin = await createAdmin(
    {
      registry,
      identity,
      policy,
      audit,
      grants: joined.grants,
      accessReviews: joined.accessReviews,
      proposals: joined.proposals,
      receipts: joined.receipts,
      approvals: joined.approvals,
      notify: joined.notify,
      tools: joined.tools,
      masking: {
        rules: () => masking.rules(),
        counts: (query) => joined.maskingStatistics.counts(query),
      },
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

function redisHealth({ redis }: Joined): { redisHealthy?: () => boolean } {
  return redis === undefined ? {} : { redisHealthy: () => redis.healthy() };
}

function frontDoorOptions(joined: Joined, rooms: Rooms, api: FrontDoorOptions['api']): FrontDoorOptions {
  const { settings, logger, audit, registry, tunnel, metrics, store } = joined;
  const documents = () => [...registry.snapshot().servers.values()];
  const readiness = () => {
    const tunnels = documents().some(({ spec }) => spec.agents.some((agent) => tunnel.attached(agent)));
    const checks = { database: store.healthy(), log: audit.healthy(), tunnel: tunnels };
    const quorum = audit.witnesses?.state();
    const detail = {
      ...(quorum === undefined ? {} : { witnesses: quorum.met, witnessAgeSeconds: quorum.ageSeconds }),
      // Not a check: without Redis only calls with a rate limit are refused, and no other replica would fare better.
      ...(joined.redis === undefined ? {} : { redis: joined.redis.healthy() }),
    };
    return {
      ready: checks.database && checks.log && checks.tunnel,
      checks,
      ...(Object.keys(detail).length === 0 ? {} : { detail }),
    };
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
  await joined.jobs.close();
  await joined.notify.close();
  await joined.approvals.close();
  joined.sessions.close();
  joined.labels.close();
  await joined.registry.close();
  await joined.identity.close();
  await joined.audit.close();
  await joined.redis?.close();
  await joined.store.close();
  await joined.embedded?.stop();
}
