import { newId } from '@sallyport/shared/ids';
import type { EntryDraft } from '../../audit/index.ts';
import { aboutOf } from '../about.ts';
import { Ending, REFUSAL } from '../ending.ts';
import { requestEvidence } from '../evidence.ts';
import { withFindings } from '../findings.ts';
import { record } from '../record.ts';
import type { Rooms } from '../rooms.ts';
import type { Admitted } from './admit.ts';
import type { DecidedFields } from './decide.ts';

export interface IntendedFields {
  readonly decided: DecidedFields;
  readonly callId: string;
  /** What the outcome repeats of the intent, so that one entry can be read without the other. */
  readonly facts: Omit<EntryDraft, 'kind'>;
}

class Intended {
  readonly #fields: IntendedFields;
  constructor(fields: IntendedFields) {
    this.#fields = fields;
  }

  get fields(): IntendedFields {
    return this.#fields;
  }
}

export type { Intended };

/** PCI DSS 10.2.1.1: individual access to data; NIST AU-12(1). */
const CONTROL = ['PCI 10.2.1.1', 'AU-12(1)'] as const;

/**
 * Commit point 1. When this resolves, a durable entry says that the call may be sent. A crash after it leaves an
 * intent without an outcome, which the next start records as indeterminate.
 */
export async function recordIntent(rooms: Rooms, call: Admitted): Promise<Intended> {
  const { decided, facts } = call.fields;
  const { attached } = decided;
  const callId = newId('cal');
  if (attached.begins) await begin(rooms, attached, facts);
  const { request, evidence } = requestEvidence(rooms, attached.message, aboutOf(attached));
  await record(
    rooms,
    {
      ...facts,
      kind: 'call.intent',
      call: callId,
      request,
      control: CONTROL,
      ...withFindings(facts, attached.masked),
    },
    false,
    evidence,
  );
  // The outcome repeats who and what; the decision's own details stay with the intent.
  const { decision: _decided, fields: _fields, ...rest } = facts;
  return new Intended({ decided, callId, facts: { ...rest, call: callId } });
}

/** The session's own start is recorded and made durable before its first message. */
export async function begin(
  rooms: Rooms,
  attached: DecidedFields['attached'],
  facts: Omit<EntryDraft, 'kind'>,
): Promise<void> {
  const { identity } = attached.session;
  const { fields: _fields, tool: _tool, method: _method, ...rest } = facts;
  await record(
    rooms,
    {
      ...rest,
      kind: 'session.start',
      fields: { era: identity.era, client: identity.client },
      control: ['AC-12', 'AU-14'],
    },
    false,
  );
  try {
    await rooms.sessions.begin(attached.session);
  } catch (thrown) {
    throw new Ending(
      'log_unavailable',
      'The gateway cannot reach its database, so no session was begun and nothing was sent. Try again.',
      {
        status: 503,
        rpcCode: REFUSAL.unavailable,
        data: { reason: 'database_unavailable', outcome: 'not_sent' },
      },
      { cause: thrown },
    );
  }
}
