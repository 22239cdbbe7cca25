import { unavailable } from '../errors.ts';
import type { Envelope, Unplaced } from '../leaf.ts';
import { BODY_MAX_BYTES, ORIGINAL_MAX_BYTES } from '../limits.ts';
import type { EntryDraft, Evidence } from '../types.ts';
import { sealRecord } from './envelope.ts';
import type { PeriodKeys } from './period-keys.ts';

/**
 * What is kept beside an entry, and the entry with the commitment to it. The exact request is sealed here: from now on
 * nothing holds it in the clear.
 *
 * @throws AuditError `unavailable` where it can't be sealed: the entry is then not made either.
 */
export function keep(
  draft: EntryDraft,
  evidence: Evidence,
  envelope: Envelope,
  periodKeys: Pick<PeriodKeys, 'current'> | undefined,
): { draft: EntryDraft; kept: Pick<Unplaced, 'body' | 'original'> } {
  const { body, original } = evidence;
  // Beside an original stands the request's body; else the only message that the entry is about.
  const digest = (original === undefined ? (draft.response ?? draft.request) : draft.request)?.digest;
  const keptBody =
    body === undefined || digest === undefined || body.length > BODY_MAX_BYTES
      ? {}
      : { body: { digest: Buffer.from(digest, 'hex'), bytes: body } };
  if (original === undefined || draft.request === undefined) return { draft, kept: keptBody };
  if (periodKeys === undefined) throw unavailable('this log has no key to seal requests with');
  if (original.length > ORIGINAL_MAX_BYTES) throw unavailable('the request is too large to be sealed');
  const { period, key } = periodKeys.current(envelope.tsMs);
  const { commit, wrappedKey, sealed } = sealRecord(original, key, envelope.id);
  return {
    draft: { ...draft, request: { ...draft.request, commit } },
    kept: { ...keptBody, original: { period, wrappedKey, sealed } },
  };
}
