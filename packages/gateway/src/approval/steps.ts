import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import { recordedStep, type Sealer, type Store } from '../store/index.ts';
import { type ApprovalEntry, approvalEntry, GATEWAY_ACTOR } from './entries.ts';
import { ApprovalError } from './errors.ts';
import type { FlowRules, GroupsOf } from './flow.ts';
import { nextLookMs } from './next-look.ts';
import type { Queryable } from './table.ts';
import type { Approval, ApprovalEvent } from './types.ts';

/** Channel of the notice that an approval has changed. */
export const CHANNEL = 'sallyport_approvals';

export interface ApprovalsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sealer: Sealer;
  readonly record: (entry: ApprovalEntry) => Promise<{ readonly id: string }>;
  /** The ApprovalFlow document of that name, as it is now. */
  readonly rulesOf: (flow: string) => FlowRules | undefined;
  readonly groupsOf: GroupsOf;
  /** Puts what people are to be told into the same transaction. */
  readonly announce?: (db: Queryable, approval: Approval, event: ApprovalEvent) => Promise<void>;
  /** Has `settle` called at that time, as far as nothing is lost. */
  readonly wake?: (id: string, atMs: number) => void;
  /** What was announced is to be sent. */
  readonly announced?: (id: string) => void;
  /** Takes up how a request for access ended; false: ask again later. */
  readonly grantDecided?: (approval: Approval) => Promise<boolean>;
}

/** What one step of an approval comes to. */
export interface Stepped {
  readonly approval: Approval;
  readonly entries: readonly ApprovalEntry[];
  readonly event?: ApprovalEvent;
}

/**
 * One step of an approval: rows, entries, notices to people and to other replicas, in force together or not at all.
 *
 * @param work undefined where another was first: then nothing is changed or recorded.
 * @throws ApprovalError `unavailable`, and what `work` throws
 */
export async function takeStep(
  options: ApprovalsOptions,
  work: (db: Queryable) => Promise<Stepped | undefined>,
): Promise<Approval | undefined> {
  const { store, record, logger, announce, clock } = options;
  let announced = false;
  const onFailed = (approval: Approval, entries: readonly string[]): Promise<unknown> =>
    record(approvalEntry('unconfirmed', approval, GATEWAY_ACTOR, { entries })).catch((error: unknown) =>
      logger.error('a step that failed could not be recorded as such', {
        approval: approval.id,
        reason: errorText(error),
      }),
    );
  try {
    const after = await recordedStep(
      store.pool,
      record,
      async (db) => {
        const stepped = await work(db);
        if (stepped === undefined) return undefined;
        const { approval, entries, event } = stepped;
        if (event !== undefined) await announce?.(db, approval, event);
        announced = event !== undefined;
        return { result: approval, entries, notice: { channel: CHANNEL, payload: approval.id } };
      },
      onFailed,
    );
    if (after === undefined) return undefined;
    // Behind the commit: a job that came before it would find nothing to do.
    const lookMs = nextLookMs(after, clock.now());
    if (lookMs !== undefined) options.wake?.(after.id, lookMs);
    if (announced) options.announced?.(after.id);
    return after;
  } catch (cause) {
    if (cause instanceof ApprovalError) throw cause;
    throw new ApprovalError(
      'unavailable',
      'The approval could not be changed now: the database or the audit log does not answer. Try again.',
      { cause, detail: errorText(cause) },
    );
  }
}
