import { ApprovalError } from '../../approval/index.ts';
import type { EntryDraft } from '../../audit/index.ts';
import { Ending, REFUSAL } from '../ending.ts';
import type { Rooms } from '../rooms.ts';
import type { Decided, DecidedFields } from './decide.ts';

interface ApprovedFields {
  readonly decided: DecidedFields;
  readonly facts: Omit<EntryDraft, 'kind'>;
}

class Approved {
  readonly #fields: ApprovedFields;
  constructor(decided: DecidedFields, facts: Omit<EntryDraft, 'kind'>) {
    this.#fields = { decided, facts };
  }

  get fields(): ApprovedFields {
    return this.#fields;
  }
}

export type { Approved };

/**
 * The consent that a held decision demands. An allowed call needs none and passes at once.
 * @throws Ending where there is none: the call does not happen
 */
export function approve(rooms: Pick<Rooms, 'approval'>, call: Decided): Approved {
  try {
    const { approval } = rooms.approval.consent(call.fields.decision);
    return new Approved(
      call.fields,
      approval === undefined ? call.fields.facts : { ...call.fields.facts, approval },
    );
  } catch (thrown) {
    if (!(thrown instanceof ApprovalError)) throw thrown;
    throw new Ending(
      'approval_unavailable',
      thrown.message,
      { status: 200, rpcCode: REFUSAL.denied, data: { reason: thrown.code, outcome: 'not_sent' } },
      { cause: thrown },
    );
  }
}
