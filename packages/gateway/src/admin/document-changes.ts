import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Change,
  type DocumentInput,
  type Plan,
  type Registry,
  RegistryError,
  type ShownTools,
  type Snapshot,
} from '../registry/index.ts';
import { CONFLICT_WAITS_MS } from './limits.ts';
import { AdminError, type ProblemItem } from './problems.ts';
import { type Caller, callerAsChanger } from './record.ts';

/** What someone wants of the documents. */
export interface Wanted {
  readonly documents: readonly DocumentInput[];
  readonly deletions?: readonly { kind: string; name: string }[];
  /** Problems found before planning, such as YAML that cannot be read. */
  readonly problems?: readonly ProblemItem[];
}

/** What has been put in force. */
export interface Applied {
  readonly version: number;
  readonly changes: readonly Change[];
  readonly warnings: readonly ProblemItem[];
}

/** Kinds whose documents are checked against what servers define. */
const FIT_KINDS = new Set(['ApprovalFlow', 'Policy', 'Server']);

/**
 * Changes of documents, one after the other. Two plans against one version cannot both be applied, so the callers of
 * this replica take turns; where another replica was faster, the change is planned anew from the version that won.
 * What is wanted is asked for at each planning: an addition to what was there must not undo another's.
 */
export class DocumentChanges {
  readonly #registry: Registry;
  readonly #knownTools: () => Promise<ShownTools>;
  /** Settles when the change before has ended, well or badly. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(registry: Registry, knownTools: () => Promise<ShownTools>) {
    this.#registry = registry;
    this.#knownTools = knownTools;
  }

  /** Plans what is wanted, with what servers define at this moment. */
  async plan({ documents, deletions = [] }: Wanted): Promise<Plan> {
    const fits = [...documents, ...deletions].some(({ kind }) => FIT_KINDS.has(kind));
    return this.#registry.plan(documents, deletions, fits ? await this.#knownTools() : new Map());
  }

  /**
   * Plans and puts in force as one; the registry records each change with its digests before it holds.
   *
   * @throws AdminError `invalid_documents` with every problem; RegistryError `conflict` when other replicas were
   *   faster each time; whatever `want` throws.
   */
  apply(caller: Caller, want: (snapshot: Snapshot) => Wanted): Promise<Applied> {
    const mine = this.#turn.then(() => this.#applyNow(caller, want));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #applyNow(caller: Caller, want: (snapshot: Snapshot) => Wanted): Promise<Applied> {
    for (const waitMs of CONFLICT_WAITS_MS) {
      try {
        return await this.#attempt(caller, want);
      } catch (error) {
        if (!(error instanceof RegistryError) || error.code !== 'conflict') throw error;
        await sleep(waitMs);
      }
    }
    return await this.#attempt(caller, want);
  }

  async #attempt(caller: Caller, want: (snapshot: Snapshot) => Wanted): Promise<Applied> {
    const wanted = want(this.#registry.snapshot());
    const plan = await this.plan(wanted);
    const problems = [...(wanted.problems ?? []), ...plan.problems];
    if (problems.length > 0) throw invalidDocuments(problems);
    const snapshot = await this.#registry.apply(plan, callerAsChanger(caller));
    return { version: snapshot.version, changes: plan.changes, warnings: plan.warnings };
  }
}

function invalidDocuments(problems: readonly ProblemItem[]): AdminError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new AdminError(
    'invalid_documents',
    `Nothing was changed: ${count} in the documents. Mend them and apply again.`,
    { problems },
  );
}
