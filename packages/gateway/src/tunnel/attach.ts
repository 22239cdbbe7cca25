import { status } from '@grpc/grpc-js';
import { type Hello__Output, TUNNEL_PROTOCOL } from '@sallyport/proto';
import { AttachedTunnel, type ControlCall } from './attached-tunnel.ts';
import { takeControl } from './control.ts';
import { Refusal } from './errors.ts';
import { firstMessage } from './first-message.ts';
import type { Gate } from './gate.ts';
import type { Hub } from './hub.ts';
import type { Identity, KnownCertificates } from './identify.ts';
import { boundedText } from './inventory.ts';
import { CLOCK_OFFSET_WARN_MS } from './limits.ts';
import { sendRules } from './masking-rules.ts';
import { negotiateProtocol } from './negotiate.ts';
import type { TunnelOptions } from './options.ts';

/** What Attach works with. */
export interface AttachParts {
  readonly options: TunnelOptions;
  readonly gate: Gate;
  readonly known: KnownCertificates;
  readonly hub: Hub;
  readonly leaseMs: number;
  readonly leaseRenewalMs: number;
  readonly helloMaxMs: number;
  stopping(): boolean;
}

/**
 * Attach: certificate, Hello, protocol version, record, Welcome. In this order, because nothing is told to a caller
 * that is not known, and no agent is welcomed that the log does not show.
 */
export async function attach(parts: AttachParts, call: ControlCall): Promise<void> {
  call.pause();
  try {
    const identity = await parts.gate.identify(call, 'Attach');
    const first = await firstMessage(call, parts.helloMaxMs);
    if (first === undefined) return;
    const hello = first.hello;
    if (!hello || hello.bootId === '' || hello.bootId.length > 100) {
      throw new Refusal(
        status.FAILED_PRECONDITION,
        'protocol',
        'The first message must be Hello with a boot id.',
      );
    }
    refuseWhenStopping(parts);
    const protocol = negotiate(parts, call, identity, hello);
    if (protocol !== undefined) await welcome(parts, call, identity, hello, protocol);
  } catch (error) {
    parts.gate.turnAway(call, 'Attach', error);
  }
}

function refuseWhenStopping(parts: AttachParts): void {
  if (!parts.stopping()) return;
  throw new Refusal(
    status.UNAVAILABLE,
    'draining',
    'This gateway is stopping. Attach elsewhere or again later.',
  );
}

/** The version both speak; undefined when there is none, which the agent has then been told. */
function negotiate(
  parts: AttachParts,
  call: ControlCall,
  identity: Identity,
  hello: Hello__Output,
): number | undefined {
  const result = negotiateProtocol(
    { min: hello.protocolMin, max: hello.protocolMax, program: boundedText(hello.agentVersion) },
    { ...TUNNEL_PROTOCOL, program: parts.options.gatewayVersion },
  );
  if ('version' in result) return result.version;
  parts.options.logger.warn('tunnel: no protocol version in common', {
    agent: identity.agent,
    detail: result.refusal,
  });
  call.write({ refused: { code: 'protocol_version', detail: result.refusal } });
  parts.gate.turnAway(call, 'Attach', new Refusal(status.FAILED_PRECONDITION, 'protocol', result.refusal));
  return undefined;
}

async function welcome(
  parts: AttachParts,
  call: ControlCall,
  identity: Identity,
  hello: Hello__Output,
  protocol: number,
): Promise<void> {
  const { options, hub, known } = parts;
  const { agent } = identity;
  const agentVersion = boundedText(hello.agentVersion);
  const witnessKey = boundedText(hello.witnessKey);
  const clockOffsetMs = Math.round(hello.clockMs - options.clock.now());
  if (Math.abs(clockOffsetMs) > CLOCK_OFFSET_WARN_MS) {
    options.logger.warn("tunnel: the agent's clock is wrong", { agent, clockOffsetMs });
  }
  const endSessions = await options.unknownSessions(agent, hello.liveSessions);
  // Commit point: from here on the log says the agent is attached; a crash before Welcome leaves a tunnel that was
  // recorded and lost, never one that served unrecorded.
  await options.record({
    kind: 'agent.attached',
    actor: { kind: 'agent', name: agent },
    agent,
    fields: {
      agentVersion,
      protocol,
      bootId: hello.bootId,
      fingerprint: identity.fingerprint,
      clockOffsetMs,
      replica: options.replica,
      witnessKey,
    },
  });
  if (call.cancelled) return;
  // The waits above were long enough for a revocation, or for a stop.
  known.check(identity);
  refuseWhenStopping(parts);
  const now = options.clock.monotonicMs();
  const tunnel = new AttachedTunnel(
    {
      identity,
      agentVersion,
      protocol,
      bootId: hello.bootId,
      attachedAt: options.clock.now(),
      clockOffsetMs,
    },
    call,
    now,
  );
  call.on('data', (message) => {
    if (!tunnel.lost) takeControl({ ...options, hub }, tunnel, message);
  });
  call.on('end', () => hub.lose(tunnel, 'closed', { connection: 'stream', resumable: true }));
  call.on('cancelled', () => hub.lose(tunnel, 'connection_lost', { connection: 'stream', resumable: true }));
  tunnel.send({
    welcome: {
      protocol,
      gatewayVersion: options.gatewayVersion,
      leaseMs: parts.leaseMs,
      endSessions: [...endSessions],
      replicas: [...(options.replicas?.() ?? [])],
      replica: options.replica,
    },
  });
  // Before the first channel is asked for: an agent without rules serves nothing.
  sendRules(tunnel, options);
  tunnel.renewLeaseIfDue(now, parts.leaseRenewalMs);
  hub.attach(tunnel);
  options.onAttached?.({ agent, witnessKey });
  options.logger.info('tunnel: attached', { agent, agentVersion, protocol, peer: identity.peer });
  call.resume();
}
