import type { MaskingRulesAck__Output } from '@sallyport/proto';
import { FRAME_PAYLOAD_MAX_BYTES } from '@sallyport/shared/limits';
import type { Logger } from 'winston';
import type { AttachedTunnel } from './attached-tunnel.ts';
import { boundedText } from './inventory.ts';
import type { TunnelOptions } from './options.ts';

/** Sends an agent its masking rules, where it was not sent these. */
export function sendRules(tunnel: AttachedTunnel, options: Pick<TunnelOptions, 'maskingRules'>): void {
  const rules = options.maskingRules?.(tunnel.agent);
  if (rules === undefined || tunnel.rulesSent === rules.version) return;
  tunnel.rulesSent = rules.version;
  const { version, document, signature, publicKey } = rules;
  for (let at = 0; at === 0 || at < document.length; at += FRAME_PAYLOAD_MAX_BYTES) {
    const payload = document.subarray(at, at + FRAME_PAYLOAD_MAX_BYTES);
    const last = at + FRAME_PAYLOAD_MAX_BYTES >= document.length;
    const proof = last ? { signature, publicKey } : {};
    tunnel.send({ maskingRules: { version, payload, last, ...proof } });
  }
}

/** The agent has looked at its rules. One that refuses them serves nothing until a person has acted. */
export function takeRulesAck(
  tunnel: AttachedTunnel,
  ack: MaskingRulesAck__Output,
  parts: { logger: Logger; record: TunnelOptions['record'] },
): void {
  const { agent } = tunnel;
  const problem = boundedText(ack.problem);
  const refused = problem !== '' && ack.version < (tunnel.rulesSent ?? 0);
  tunnel.rulesProblem = refused ? problem : '';
  tunnel.rulesVersion = ack.version;
  if (!refused) return;
  parts.logger.error('tunnel: an agent did not take its masking rules', {
    agent,
    version: ack.version,
    problem,
  });
  parts
    .record({
      kind: 'masking.rules_refused',
      actor: { kind: 'agent', name: agent },
      agent,
      fields: { version: ack.version, sent: tunnel.rulesSent ?? 0, problem },
    })
    .catch(() => undefined);
}
