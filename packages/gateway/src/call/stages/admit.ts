import { ApprovalError } from '../../approval/index.ts';
import type { EntryDraft } from '../../audit/index.ts';
import { GrantError } from '../../grant/index.ts';
import { LimitError } from '../../limit/index.ts';
import { Ending, REFUSAL } from '../ending.ts';
import { argumentsOf } from '../resource.ts';
import type { Rooms } from '../rooms.ts';
import { type Approved, approvalRefused } from './approve.ts';
import type { DecidedFields } from './decide.ts';

interface AdmittedFields {
  readonly decided: DecidedFields;
  readonly facts: Omit<EntryDraft, 'kind'>;
  /** The call is over. `sent`: whether a byte of it may have reached the server. */
  readonly release: (sent: boolean) => void;
}

class Admitted {
  readonly #fields: AdmittedFields;
  constructor(fields: AdmittedFields) {
    this.#fields = fields;
  }

  get fields(): AdmittedFields {
    return this.#fields;
  }
}

export type { Admitted };

/**
 * Counts the call against the grant that it needs and against every limit, durably, as the last thing before its
 * intent. A crash behind this costs a use that nobody had; never one that nobody counted.
 *
 * @throws Ending where a grant or limit does not let it through, or it can't be counted
 */
export async function admit(
  rooms: Pick<Rooms, 'grants' | 'limits' | 'approval'>,
  call: Approved,
): Promise<Admitted> {
  const { decided, facts, approval } = call.fields;
  const { attached, grant, resource, action } = decided;
  const { principal } = attached.authenticated;
  const { server, id } = attached.session.identity;
  // What only lets in or looks around is no use of a tool: limits and uses count what acts.
  if (action === 'connect') return new Admitted({ decided, facts, release: () => undefined });
  try {
    const counted = await rooms.limits.admit({
      principal,
      server,
      tool: resource.type === 'Tool' ? resource.name : undefined,
      arguments: argumentsOf(attached.message),
    });
    try {
      const running = grant === undefined ? undefined : await rooms.grants.use(grant, id);
      // Spent as the very last, so that a call that a limit stops costs no approval.
      if (approval !== undefined) await spend(rooms, approval, principal).catch(givingBack(running));
      const release = (sent: boolean): void => {
        running?.release();
        counted.release(sent);
      };
      return new Admitted({ decided, facts, release });
    } catch (thrown) {
      counted.release(false);
      throw thrown;
    }
  } catch (thrown) {
    throw refused(thrown);
  }
}

async function spend(
  rooms: Pick<Rooms, 'approval'>,
  { id, digest }: { readonly id: string; readonly digest: string },
  { kind, name }: { readonly kind: 'service-account' | 'user'; readonly name: string },
): Promise<void> {
  await rooms.approval.use(id, digest, { kind, name });
}

function givingBack(running: { release(): void } | undefined): (thrown: unknown) => never {
  return (thrown) => {
    running?.release();
    throw thrown;
  };
}

function refused(thrown: unknown): unknown {
  if (thrown instanceof ApprovalError) return approvalRefused(thrown);
  if (thrown instanceof GrantError) {
    const unavailable = thrown.code === 'unavailable';
    return new Ending(
      unavailable ? 'log_unavailable' : 'denied',
      `Denied: ${thrown.message} Nothing was sent.`,
      {
        status: unavailable ? 503 : 200,
        rpcCode: unavailable ? REFUSAL.unavailable : REFUSAL.denied,
        data: { reason: unavailable ? 'database_unavailable' : 'grant_ended', outcome: 'not_sent' },
      },
      { cause: thrown },
    );
  }
  if (!(thrown instanceof LimitError)) return thrown;
  const { code, limit, message, retryAfterMs } = thrown;
  const data = {
    reason: code === 'unavailable' ? 'limits_unavailable' : 'limit',
    limit,
    outcome: 'not_sent',
  };
  const seconds = retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1_000);
  return new Ending(
    code === 'unavailable' ? 'log_unavailable' : 'limit',
    `Limit "${limit}": ${message}`,
    {
      status: code === 'unavailable' ? 503 : 200,
      rpcCode: code === 'unavailable' ? REFUSAL.unavailable : REFUSAL.limit,
      data: seconds === undefined ? data : { ...data, retryAfterSeconds: seconds },
    },
    { cause: thrown, detail: limit },
  );
}
