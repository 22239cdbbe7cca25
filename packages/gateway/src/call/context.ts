import type { DecisionRequest } from '../policy/index.ts';
import type { AttachedFields } from './stages/attach.ts';

/** Facts that come with one call and not with its session. */
export type CallFacts = Pick<DecisionRequest['context'], 'approval' | 'grant'>;

/** What policy is told of the circumstances of a call, for decisions and for lists alike. */
export function contextOf(
  call: Pick<AttachedFields, 'authenticated' | 'session'>,
  facts: CallFacts = {},
): DecisionRequest['context'] {
  const { identity } = call.session;
  return {
    session: identity.id,
    client: identity.client,
    sourceIp: call.authenticated.received.incoming.ip,
    era: identity.era,
    ...facts,
  };
}
