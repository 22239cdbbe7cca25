import type { AgentControl__Output } from '@sallyport/proto';
import type { Clock } from '@sallyport/shared/clock';
import type { Logger } from 'winston';
import type { AttachedTunnel } from './attached-tunnel.ts';
import type { Hub } from './hub.ts';
import { boundedText, readInventory } from './inventory.ts';
import { CONTROL_MESSAGES_PER_TICK_MAX } from './limits.ts';
import { takeRulesAck } from './masking-rules.ts';
import type { TunnelOptions } from './options.ts';

/** Takes one control message of an attached agent. Messages of kinds we do not know are ignored: see the proto. */
export function takeControl(
  parts: { hub: Hub; clock: Clock; logger: Logger; record: TunnelOptions['record'] } & Pick<
    TunnelOptions,
    'onInventory'
  >,
  tunnel: AttachedTunnel,
  message: AgentControl__Output,
): void {
  const { hub, clock, logger } = parts;
  tunnel.controlMessages += 1;
  if (message.kind === 'hello' || tunnel.controlMessages > CONTROL_MESSAGES_PER_TICK_MAX) {
    logger.warn('tunnel: an agent broke the protocol', { agent: tunnel.agent, kind: message.kind });
    hub.lose(tunnel, 'protocol', { connection: 'now', resumable: true });
    return;
  }
  if (message.leaseAck) {
    tunnel.acknowledge(message.leaseAck.number, clock.monotonicMs());
  } else if (message.inventory) {
    const { servers, dropped } = readInventory(message.inventory.servers);
    if (dropped > 0)
      logger.warn('tunnel: servers of an inventory were left out', { agent: tunnel.agent, dropped });
    tunnel.takeInventory(servers);
    parts.onInventory?.(tunnel.agent);
  } else if (message.toolDefinitions) {
    hub.toolQuestions.took(tunnel, message.toolDefinitions);
  } else if (message.witnessAnswer) {
    const { number, status, body, held } = message.witnessAnswer;
    hub.witnessQuestions.answered(tunnel, number, { status, body, held });
  } else if (message.receiptsPage) {
    const { number, ...page } = message.receiptsPage;
    hub.receiptsQuestions.answered(tunnel, number, page);
  } else if (message.channelRefused) {
    const { channelId, code, detail } = message.channelRefused;
    hub.opens.refused(tunnel, channelId, code, detail);
  } else if (message.sessionEnded) {
    const { sessionId, reason } = message.sessionEnded;
    hub.sessionsLost({
      agent: tunnel.agent,
      sessionIds: [boundedText(sessionId)],
      reason: boundedText(reason),
    });
  } else if (message.maskingRulesAck) {
    takeRulesAck(tunnel, message.maskingRulesAck, parts);
  } else if (message.draining) {
    tunnel.draining = true;
    logger.info('tunnel: the agent is going away', {
      agent: tunnel.agent,
      reason: boundedText(message.draining.reason),
    });
  }
}
