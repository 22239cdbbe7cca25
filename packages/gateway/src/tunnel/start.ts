import type { sendUnaryData } from '@grpc/grpc-js';
import type { TunnelHandlers } from '@sallyport/proto';
import { LEASE_MS, LEASE_RENEWAL_MS } from '@sallyport/shared/limits';
import { acceptChannel } from './accept-channel.ts';
import { listAgents } from './agents.ts';
import { type AttachParts, attach } from './attach.ts';
import { Authority } from './authority.ts';
import { createEnrolmentToken, type EnrolParts, enrol, renew } from './enrol.ts';
import { FailureLimit } from './failure-limit.ts';
import { Gate, type Method } from './gate.ts';
import { Hub } from './hub.ts';
import { KnownCertificates } from './identify.ts';
import { superviseTunnels } from './leases.ts';
import {
  AGENT_CERTIFICATE_LIFETIME_MS,
  DISMISSAL_MS,
  HELLO_MAX_MS,
  REVOCATION_POLL_MS,
  SERVER_CERTIFICATE_LIFETIME_MS,
  SUPERVISION_MS,
} from './limits.ts';
import { Listener } from './listener.ts';
import { sendRules } from './masking-rules.ts';
import { away, draining } from './opens.ts';
import type { TunnelOptions } from './options.ts';
import { Revocations } from './revocations.ts';
import { ServerCertificate } from './server-certificate.ts';
import { TunnelServerCredentials } from './server-credentials.ts';
import type { Tunnel } from './types.ts';

/**
 * Opens the authority, listens for agents and returns the tunnel room's door.
 *
 * @throws when the stored authority cannot be unsealed, the storage or the log does not answer, or the port is taken
 */
export async function startTunnel(options: TunnelOptions): Promise<Tunnel> {
  const { clock, logger, store } = options;
  const { authority, created } = await Authority.open(options);
  if (created) await recordKey(options, { key: 'authority', fingerprint: authority.fingerprint });
  const certificate = new ServerCertificate({
    authority,
    names: options.names,
    lifetimeMs: options.serverCertificateLifetimeMs ?? SERVER_CERTIFICATE_LIFETIME_MS,
    clock,
    logger,
  });
  const identity = await certificate.issue();
  const credentials = new TunnelServerCredentials(authority.certificatePem, identity);
  const room = build(options, authority, credentials);
  const port = await room.listener.listen(options.host, options.port);
  certificate.watch(identity, async (next) => {
    await recordKey(options, {
      key: 'server',
      serial: next.serial,
      expiresAt: new Date(next.expiresAt).toISOString(),
    });
    credentials.replace(next);
    logger.info("tunnel: the server's certificate was renewed", { serial: next.serial });
  });
  const { hub, listener, revocations, state } = room;
  const timers = supervise(room, options);
  return {
    port,
    authorityFingerprint: authority.fingerprint,
    async open(request) {
      const tunnel = hub.current(request.agent);
      if (state.stopping) throw draining(request.agent);
      if (tunnel === undefined) throw away(request.agent);
      return hub.opens.open(tunnel, request);
    },
    server: (agent, name) => hub.current(agent)?.inventory?.get(name),
    attached: (agent) => hub.current(agent) !== undefined,
    agents: () => listAgents(store, hub, clock),
    pushMaskingRules() {
      for (const tunnel of hub.tunnels()) sendRules(tunnel, options);
    },
    probe: (agent, server) => hub.current(agent)?.send({ probeServer: { server } }),
    createEnrolmentToken: (request) => createEnrolmentToken({ options, authority }, request),
    revokeAgent: (name) => revocations.revokeAgent(name),
    endSession: (agent, sessionId, reason) => hub.endSession(agent, sessionId, reason),
    onSessionsLost: (onLost) => hub.onSessionsLost(onLost),
    async listTools(agent, question, maxMs) {
      const tunnel = hub.current(agent);
      if (tunnel === undefined) return { problem: 'its agent is not connected' };
      return await hub.toolQuestions.ask(tunnel, question, maxMs);
    },
    async witness(agent, question, maxMs) {
      const tunnel = hub.current(agent);
      const { request, logKeys } = question;
      return (
        tunnel &&
        (await hub.witnessQuestions.ask(
          tunnel,
          (number) => ({ witnessRequest: { number, request, logKeys: [...logKeys] } }),
          maxMs,
        ))
      );
    },
    async receipts(agent, { chain, after }, maxMs) {
      const tunnel = hub.current(agent);
      return (
        tunnel &&
        (await hub.receiptsQuestions.ask(
          tunnel,
          (number) => ({ receiptsRequest: { number, chain, after } }),
          maxMs,
        ))
      );
    },
    async stop(graceMs) {
      if (state.stopping) return;
      state.stopping = true;
      certificate.stop();
      listener.closeDoor();
      for (const tunnel of hub.tunnels()) tunnel.send({ drain: { reason: 'the gateway stops', graceMs } });
      await hub.channelsEnded(graceMs);
      for (const timer of timers) clearInterval(timer);
      for (const tunnel of hub.tunnels()) hub.lose(tunnel, 'drain', { connection: 'told', resumable: true });
      await Promise.all([hub.recorded(), listener.emptied(DISMISSAL_MS)]);
      await listener.close();
    },
  };
}

interface Room {
  readonly known: KnownCertificates;
  readonly hub: Hub;
  readonly listener: Listener;
  readonly revocations: Revocations;
  readonly state: { stopping: boolean };
  readonly lease: { lastsMs: number; everyMs: number };
}

/** Joins the parts of the room; nothing listens yet. */
function build(options: TunnelOptions, authority: Authority, credentials: TunnelServerCredentials): Room {
  const { clock, logger, record, store } = options;
  const state = { stopping: false };
  const lease = { lastsMs: options.leaseMs ?? LEASE_MS, everyMs: options.leaseRenewalMs ?? LEASE_RENEWAL_MS };
  const helloMaxMs = options.helloMaxMs ?? HELLO_MAX_MS;
  const known = new KnownCertificates(store, clock);
  const hub = new Hub(options, (peer) => listener.cut(peer));
  const revocations = new Revocations(options, known, hub);
  const gate = new Gate({
    known,
    enrolments: new FailureLimit(clock),
    certificates: new FailureLimit(clock),
    record,
    logger,
    onIdentified: (peer) => listener.authenticated(peer),
  });
  const attaching: AttachParts = {
    options,
    gate,
    known,
    hub,
    leaseMs: lease.lastsMs,
    leaseRenewalMs: lease.everyMs,
    helloMaxMs,
    stopping: () => state.stopping,
  };
  const enrolling: EnrolParts = {
    options,
    authority,
    known,
    gate,
    lifetimeMs: options.agentCertificateLifetimeMs ?? AGENT_CERTIFICATE_LIFETIME_MS,
    onReplaced: (serials) => revocations.enforce(serials),
  };
  const handlers: TunnelHandlers = {
    Enroll: (call, callback) => answer(gate, 'Enroll', enrol(enrolling, call), callback),
    Renew: (call, callback) => answer(gate, 'Renew', renew(enrolling, call), callback),
    Attach: (call) => void attach(attaching, call),
    Channel: (call) => void acceptChannel({ gate, hub, helloMaxMs }, call),
  };
  const listener = new Listener(handlers, credentials, logger);
  return { known, hub, listener, revocations, state, lease };
}

function answer<T>(gate: Gate, method: Method, result: Promise<T>, callback: sendUnaryData<T>): void {
  result.then(
    (value) => callback(null, value),
    (error: unknown) => callback(gate.asStatus(method, error)),
  );
}

function supervise({ hub, known, revocations, lease }: Room, { clock }: TunnelOptions): NodeJS.Timeout[] {
  const everyMs = Math.min(SUPERVISION_MS, lease.everyMs / 4);
  return [
    setInterval(() => superviseTunnels({ hub, known, clock }, lease), everyMs).unref(),
    setInterval(() => void revocations.poll(), REVOCATION_POLL_MS).unref(),
  ];
}

function recordKey({ record }: TunnelOptions, fields: { [name: string]: string }): Promise<unknown> {
  return record({ kind: 'key.rotated', actor: { kind: 'gateway', name: 'tunnel' }, fields });
}
