import { type Message, readMessage } from '@sallyport/shared/jsonrpc';
import { BODY_MAX_BYTES, type EntryDraft, type Evidence, withoutCardCodes } from '../audit/index.ts';
import type { MaskAbout } from '../masking/index.ts';
import { digestOf } from './record.ts';
import type { Rooms } from './rooms.ts';

/** What an entry says of a message, and what is kept beside the entry. */
export interface RequestEvidence {
  readonly request: NonNullable<EntryDraft['request']>;
  readonly evidence: Evidence;
}

/**
 * A request as the log keeps it: readable in masked form, exact only under seal, and card security codes and PINs in
 * neither. Where it can't be masked for the record there is no readable form, and the entry says so; where it can't be
 * read closely enough to leave the codes out, nothing of it is kept but the masked form's digest.
 */
export function requestEvidence(
  rooms: Pick<Rooms, 'masking'>,
  message: Message,
  about: MaskAbout,
): RequestEvidence {
  const exact = withoutCardCodes(message.raw);
  if (exact === undefined)
    return { request: { ...digestOf(Buffer.alloc(0)), omitted: 'card-code' }, evidence: {} };
  const body = recordable(rooms, exact === message.raw ? message : readMessage(exact), about);
  if (body === undefined) {
    return {
      request: { ...digestOf(Buffer.alloc(0)), omitted: 'unmaskable' },
      evidence: { original: exact },
    };
  }
  if (body.length > BODY_MAX_BYTES) {
    return { request: { ...digestOf(body), omitted: 'size' }, evidence: { original: exact } };
  }
  return { request: digestOf(body), evidence: { body, original: exact } };
}

/** What is released is kept as it is; not kept where it is large, or holds what is never stored. */
export function responseEvidence(
  response: NonNullable<EntryDraft['response']>,
  raw: Buffer,
): { response: NonNullable<EntryDraft['response']>; evidence: Evidence } {
  if (raw.length > BODY_MAX_BYTES) return { response: { ...response, omitted: 'size' }, evidence: {} };
  if (withoutCardCodes(raw) !== raw) return { response: { ...response, omitted: 'card-code' }, evidence: {} };
  return { response, evidence: { body: raw } };
}

function recordable(rooms: Pick<Rooms, 'masking'>, message: Message, about: MaskAbout): Buffer | undefined {
  try {
    return rooms.masking.toRecord(message, about).raw;
  } catch {
    // A refusal, whatever its reason: then there is no form that may be read.
    return undefined;
  }
}
