import { readMessage } from '@sallyport/shared/jsonrpc';
import type { EntryValue } from '../audit/index.ts';
import { clean, type HygieneFindings, HygieneRefusal, type HygieneRules } from '../hygiene/index.ts';
import type { Arrived } from '../session/index.ts';
import type { Rooms } from './rooms.ts';
import type { AttachedFields } from './stages/attach.ts';
import { withheld } from './stages/mask.ts';

/** A message of a server as it may be masked and released, and what was taken out of it. */
export interface Cleaned extends Arrived {
  readonly hygiene?: HygieneFindings;
}

/**
 * Makes what a server says clean, as its document asks. The very same message where there is nothing to do.
 * @throws Ending `withheld` where what hides is refused
 */
export function cleaned(
  rooms: Pick<Rooms, 'server'>,
  { server, session }: Pick<AttachedFields, 'server' | 'session'>,
  message: Arrived,
): Cleaned {
  const { results } = rooms.server(session.identity.server) ?? server;
  const rules: HygieneRules = { hidden: 'strip', label: false, links: 'pass', ...results };
  try {
    const { raw, findings } = clean(message, rules);
    if (raw === message.raw) return message;
    return { ...message, ...readMessage(raw), hygiene: findings };
  } catch (thrown) {
    if (!(thrown instanceof HygieneRefusal)) throw thrown;
    throw withheld(thrown.message, thrown, { hygiene: thrown.code });
  }
}

/** What was taken out, for the entry. */
export function hygieneFields({ hygiene = {} }: Cleaned): { hygiene?: EntryValue } {
  return Object.keys(hygiene).length === 0 ? {} : { hygiene: { ...hygiene } };
}
