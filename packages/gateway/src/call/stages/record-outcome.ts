import { responseEvidence } from '../evidence.ts';
import { findingFields, responseOf } from '../findings.ts';
import { labelReading } from '../labelling.ts';
import { record } from '../record.ts';
import type { Rooms } from '../rooms.ts';
import type { Masked } from './mask.ts';
import type { IntendedFields } from './record-intent.ts';

interface SettledFields {
  readonly intended: IntendedFields;
  readonly raw: Buffer;
  readonly httpStatus: number;
  readonly rpcCode: number | undefined;
}

class Settled {
  readonly #fields: SettledFields;
  constructor(fields: SettledFields) {
    this.#fields = fields;
  }

  get fields(): SettledFields {
    return this.#fields;
  }
}

export type { Settled };

/**
 * Commit point 2. When this resolves, a durable entry says what the answer was. Until then not one byte of the
 * answer is released; a crash before it leaves the call indeterminate, and the client without an answer.
 */
export async function recordOutcome(rooms: Rooms, call: Masked): Promise<Settled> {
  const { intended, raw, httpStatus, outcome, findings, withheld, unpinned, hygiene } = call.fields;
  const { startedMs } = intended.decided.attached.authenticated.received;
  const labels = await labelReading(rooms, intended.decided.attached, findings);
  const fields = {
    ...findingFields(findings),
    ...hygiene,
    ...(withheld.length > 0 ? { withheld } : {}),
    ...(unpinned.length > 0 ? { unpinned } : {}),
    ...(labels.length > 0 ? { labels } : {}),
  };
  const kept = responseEvidence(responseOf(raw, findings), raw);
  await record(
    rooms,
    {
      ...intended.facts,
      kind: 'call.outcome',
      response: kept.response,
      outcome,
      duration: Math.round(rooms.clock.monotonicMs() - startedMs),
      ...(Object.keys(fields).length > 0 ? { fields } : {}),
    },
    true,
    kept.evidence,
  );
  return new Settled({ intended, raw, httpStatus, rpcCode: outcome.rpcCode });
}
