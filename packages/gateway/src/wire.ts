import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import type { Approvals } from './approval/index.ts';
import { type Audit, openAudit } from './audit/index.ts';
import { bootstrapAdministrator } from './bootstrap.ts';
import type { Settings } from './config/index.ts';
import { type Gateway, type Joined, openDoors, usableServer } from './doors.ts';
import { type Foundation, openFoundation } from './foundation.ts';
import type { Grants } from './grant/index.ts';
import { type Identity, openIdentity } from './identity/index.ts';
import { joinAccess } from './join-access.ts';
import { approvalsForGrants, joinApproval } from './join-approval.ts';
import { openJobs, workJobs } from './join-jobs.ts';
import { joinMasking, recordWithheld } from './join-masking.ts';
import { joinNews } from './join-news.ts';
import { joinNotify } from './join-notify.ts';
import { checkFit, loadPolicies, openPolicy } from './join-policy.ts';
import { joinReceipts } from './join-receipts.ts';
import { joinRecords } from './join-records.ts';
import { joinRetention, receiptLines, retentionClasses } from './join-retention.ts';
import { joinTools } from './join-tools.ts';
import {
  anchorSettings,
  forwardTargets,
  joinAgentWitness,
  signerSettings,
  witnessReadings,
  witnessSettings,
} from './join-witness.ts';
import { type AgentRules, MaskingStatistics } from './masking/index.ts';
import type { Policy } from './policy/index.ts';
import { openProposals } from './proposal/index.ts';
import type { Receipts } from './receipt/index.ts';
import { openRegistry, type Registry, type Snapshot } from './registry/index.ts';
import { Labels, SessionStore, Sessions } from './session/index.ts';
import { createMetrics, type Logger } from './telemetry/index.ts';
import type { Tools } from './tools/index.ts';
import { postgresAgentStore, startTunnel, type Tunnel } from './tunnel/index.ts';
import { GATEWAY_VERSION } from './version.ts';

/**
 * Builds the rooms and joins them; doors.ts opens what people come through. Each room gets what it needs of another as
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
  const { store, sealer } = foundation;
  const signer = { sealer, folder: settings.dataDir, ...signerSettings(settings) };
  const early: { registry?: Registry; receipts?: Receipts } = {};
  const audit = await openAudit({
    store,
    slot: 0,
    deploymentName: settings.deploymentName,
    clock,
    logger,
    signer,
    sealer,
    witnessing: witnessSettings(settings),
    anchoring: anchorSettings(settings),
    forwardTo: forwardTargets(settings),
    retentionClasses: () => retentionClasses(early.registry),
    retentionFolder: settings.retentionFolder ?? join(settings.dataDir, 'retention'),
    receipts: (from, until) => receiptLines(early.receipts, from, until),
    ...(foundation.embedded === undefined ? {} : { disk: { folder: settings.dataDir } }),
  });
  undo.push(() => audit.close());
  const policy = await openPolicy(logger);
  const registry = await openRegistry({
    store,
    record: (entry) => audit.record(entry),
    checkPolicy: (cedar) => policy.check(cedar),
    checkFit: checkFit(policy),
    logger,
  });
  early.registry = registry;
  undo.push(() => registry.close());
  const identity = await openIdentity({ store, clock, logger });
  undo.push(() => identity.close());
  putInForce(registry.snapshot(), policy, identity, logger);
  registry.onChange((snapshot) => putInForce(snapshot, policy, identity, logger));
  await bootstrapAdministrator({ registry, identity, file: settings.bootstrapTokenFile });
  const labels = await Labels.open(store, clock);
  undo.push(() => labels.close());
  const { masking, agentRules } = await joinMasking({ foundation, registry });
  const maskingStatistics = new MaskingStatistics(store, clock, logger);
  undo.push(() => maskingStatistics.close());
  const onSessionEnded: ((session: string) => void)[] = [];
  const late: { tunnel?: Tunnel; tools?: Tools; grants?: Grants; approvals?: Approvals } = {};
  const receipts = joinReceipts({ store, logger, audit, tunnel: () => late.tunnel });
  early.receipts = receipts;
  const { tunnel, sessions } = await joinTunnel(
    {
      settings,
      logger,
      audit,
      foundation,
      onSessionEnded,
      agentRules,
      receipts,
      tools: () => late.tools,
    },
    undo,
  );
  late.tunnel = tunnel;
  undo.push(() => receipts.close());
  const jobs = await openJobs(settings, store, logger, undo);
  const notify = joinNotify({ store, logger, registry, settings, approvals: () => late.approvals }, undo);
  const approvals = await joinApproval(
    {
      foundation,
      logger,
      audit,
      registry,
      grants: () => late.grants,
      jobs,
      announce: (...step) => notify.announce(...step),
    },
    undo,
  );
  late.approvals = approvals;
  const access = await joinAccess(
    {
      store,
      redis: foundation.redis,
      logger,
      audit,
      registry,
      policy,
      sessions,
      ...approvalsForGrants(approvals, policy),
    },
    undo,
  );
  late.grants = access.grants;
  workJobs(jobs, approvals, notify);
  onSessionEnded.push((session) => access.grants.sessionEnded(session));
  const proposals = openProposals({ store, clock, logger, record: (entry) => audit.record(entry) });
  undo.push(() => proposals.close());
  const tools = await joinTools(
    { store, logger, audit, registry, sessions, proposals, tunnel, agentRules },
    undo,
  );
  late.tools = tools;
  joinNews(registry, policy, sessions);
  joinRecords(proposals, audit);
  joinRetention(proposals, audit);
  identity.onRevoked((tokenId) => sessions.endWhere((session) => session.tokenId === tokenId, 'revoked'));
  registry.onChange((snapshot) =>
    sessions.endWhere(({ server }) => usableServer(snapshot, server) === undefined, 'server removed'),
  );
  registry.onChange(() => tunnel.pushMaskingRules());
  const metrics = createMetrics({
    sessions: () => sessions.count,
    entries: () => audit.size(),
    logHealthy: () => audit.healthy(),
    ...witnessReadings(audit),
  });
  return {
    ...foundation,
    settings,
    logger,
    audit,
    policy,
    registry,
    identity,
    tunnel,
    sessions,
    labels,
    metrics,
    masking,
    agentRules,
    maskingStatistics,
    receipts,
    ...access,
    proposals,
    tools,
    approvals,
    notify,
    jobs,
  };
}

/** The tunnel asks sessions and sessions ask the tunnel; each finds the other through here. */
async function joinTunnel(
  given: {
    settings: Settings;
    logger: Logger;
    audit: Audit;
    foundation: Foundation;
    agentRules: AgentRules;
    receipts: Receipts;
    tools: () => Tools | undefined;
    onSessionEnded: readonly ((session: string) => void)[];
  },
  undo: (() => unknown)[],
): Promise<{ tunnel: Tunnel; sessions: Sessions }> {
  const { settings, logger, audit, foundation, agentRules } = given;
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
      for (const listener of given.onSessionEnded) listener(id);
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
    onToolsChanged: (server) => given.tools()?.listChanged(server),
    onWithheld: (session, reason) => recordWithheld(audit, logger, session, reason),
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
    onAttached: (attached) => {
      joinAgentWitness(attached, { audit, logger, tunnel: () => late.tunnel });
      given.receipts.attached(attached.agent);
      given.tools()?.agentAttached(attached.agent);
    },
    onInventory: () => given.tools()?.look(),
    maskingRules: (agent) => agentRules.of(agent),
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
  loadPolicies(snapshot, policy, logger);
  const accounts = [...snapshot.serviceAccounts.values()];
  identity.useAccounts(accounts.map(({ name, spec }) => ({ name, ...spec })));
}
