import { CommitUnknown, commitSurely } from './commit.ts';
import type { Store } from './types.ts';

/** What can run a statement within the step. */
export interface StepConnection {
  query(text: string, values: readonly unknown[]): Promise<{ rows: unknown[] }>;
}

/** What a step comes to: its result, and the entries that say so. */
export interface Step<Result, Entry> {
  readonly result: Result;
  readonly entries: readonly Entry[];
  /** Told to other replicas with the commit. */
  readonly notice?: { readonly channel: string; readonly payload: string };
}

/**
 * A change that is recorded: rows are changed, the entries are made durable in the audit log, then the change is
 * committed. A change that can't be recorded does not happen. Where the commit fails behind the record, `onFailed` gets
 * the entries that now claim too much, so that another can say so.
 *
 * @param work undefined where another was first: then nothing is changed or recorded.
 * @throws what `work`, `record` or Postgres throw; nothing is in force then, as far as is known.
 */
export async function recordedStep<Result, Entry>(
  pool: Store['pool'],
  record: (entry: Entry) => Promise<{ readonly id: string }>,
  work: (db: StepConnection) => Promise<Step<Result, Entry> | undefined>,
  onFailed: (result: Result, entryIds: readonly string[]) => Promise<unknown>,
): Promise<Result | undefined> {
  const client = await pool.connect();
  const recorded: string[] = [];
  let step: Step<Result, Entry> | undefined;
  let released = false;
  const release = (broken: boolean): void => {
    if (!released) client.release(broken);
    released = true;
  };
  let broken = false;
  try {
    await client.query('BEGIN');
    step = await work({ query: (text, values) => client.query(text, [...values]) });
    if (step === undefined) {
      await client.query('ROLLBACK');
      return undefined;
    }
    for (const entry of step.entries) recorded.push((await record(entry)).id);
    const { notice } = step;
    if (notice !== undefined)
      await client.query('SELECT pg_notify($1, $2)', [notice.channel, notice.payload]);
    // The commit point. Until here nothing is in force.
    await commitSurely(pool, client, () => release(true));
    return step.result;
  } catch (cause) {
    if (!released)
      await client.query('ROLLBACK').catch(() => {
        broken = true;
      });
    // Whether an unanswered commit took effect is not known, so the log does not claim that it failed.
    const failed = !(cause instanceof CommitUnknown);
    if (failed && step !== undefined && recorded.length > 0) await onFailed(step.result, recorded);
    throw cause;
  } finally {
    release(broken);
  }
}
