import { setTimeout as sleep } from 'node:timers/promises';
import { type Change, type DocumentInput, RegistryError, type Snapshot } from '../registry/index.ts';
import { CONFLICT_WAITS_MS } from './limits.ts';
import { AdminError, type ProblemItem } from './problems.ts';
import { type Caller, callerAsChanger } from './record.ts';
import type { AdminRooms } from './rooms.ts';

/** What someone wants of the documents. */
export interface Wanted {
  readonly documents: readonly DocumentInput[];
  readonly deletions?: readonly { kind: string; name: string }[];
  /** Problems found before planning, such as YAML that cannot be read. */
  readonly problems?: readonly ProblemItem[];
}

/**
 * Plans and puts in force as one; the registry records each change with its digests before it holds.
 *
 * Two callers at the same moment plan against the same version and one of them comes too late. It is planned anew
 * from the version that won, so what is wanted is asked for again each time: an addition to what was there must not
 * undo the other's.
 *
 * @throws AdminError `invalid_documents` with every problem; RegistryError `conflict` when it keeps coming too late.
 */
export async function applyDocuments(
  rooms: Pick<AdminRooms, 'registry'>,
  caller: Caller,
  want: (snapshot: Snapshot) => Wanted,
): Promise<{ version: number; changes: readonly Change[] }> {
  for (const waitMs of [...CONFLICT_WAITS_MS, undefined]) {
    const wanted = want(rooms.registry.snapshot());
    const plan = rooms.registry.plan(wanted.documents, wanted.deletions);
    const problems = [...(wanted.problems ?? []), ...plan.problems];
    if (problems.length > 0) throw invalidDocuments(problems);
    try {
      const snapshot = await rooms.registry.apply(plan, callerAsChanger(caller));
      return { version: snapshot.version, changes: plan.changes };
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code !== 'conflict' || waitMs === undefined) throw error;
      await sleep(waitMs);
    }
  }
  throw new Error('the last attempt returns or throws');
}

function invalidDocuments(problems: readonly ProblemItem[]): AdminError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new AdminError(
    'invalid_documents',
    `Nothing was changed: ${count} in the documents. Mend them and apply again.`,
    { problems },
  );
}
