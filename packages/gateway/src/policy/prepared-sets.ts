import type {
  Policy as CedarPolicy,
  Response,
  StatefulAuthorizationCall,
} from '@cedar-policy/cedar-wasm/nodejs';
import { Engine, EngineFailure } from './engine.ts';
import { PREPARED_POLICIES_MAX, PREPARED_SETS_MAX } from './limits.ts';

/** Policies that are evaluated together, by their ids. Known by its identity. */
export type PolicyTexts = Readonly<Record<string, CedarPolicy>>;

export type Call = Omit<StatefulAuthorizationCall, 'preparsedPolicySetId' | 'preparsedSchemaName'>;

interface Prepared {
  readonly name: string;
  readonly size: number;
}

/**
 * Policy sets prepared in an engine, the least lately used giving way to new ones. The engine cannot drop a set, so
 * the names of sets that gave way are used again.
 */
export class PreparedSets {
  readonly engine: Engine;
  /** In order of use, the least lately used first. */
  readonly #prepared = new Map<PolicyTexts, Prepared>();
  readonly #freeNames: string[] = [];
  #policies = 0;

  constructor() {
    this.engine = new Engine(() => this.#forget());
  }

  /**
   * Evaluates a set, which is prepared first where it isn't.
   *
   * @throws EngineFailure when the engine doesn't answer with a decision.
   */
  evaluate(texts: PolicyTexts, call: Call): Response {
    const prepared = this.#prepared.get(texts) ?? this.#prepare(texts);
    this.#prepared.delete(texts);
    this.#prepared.set(texts, prepared);
    const answer = this.engine.run((cedar) =>
      cedar.statefulIsAuthorized({ ...call, preparsedPolicySetId: prepared.name }),
    );
    if (answer.type === 'success') return answer.response;
    throw new EngineFailure(
      `the policy engine refused the call: ${answer.errors[0]?.message ?? 'no reason'}`,
    );
  }

  /** Other policies are in force: empties every set, so that the engine's memory is free for the new ones. */
  clear(): void {
    for (const texts of [...this.#prepared.keys()]) this.#drop(texts);
    for (const name of this.#freeNames) {
      this.engine.run((cedar) => cedar.preparsePolicySet(name, { staticPolicies: {} }));
    }
  }

  #prepare(texts: PolicyTexts): Prepared {
    const size = Object.keys(texts).length;
    for (const oldest of [...this.#prepared.keys()]) {
      if (this.#prepared.size < PREPARED_SETS_MAX && this.#policies + size <= PREPARED_POLICIES_MAX) break;
      this.#drop(oldest);
    }
    const name = this.#freeNames.pop() ?? `set-${this.#prepared.size}`;
    const answer = this.engine.run((cedar) =>
      cedar.preparsePolicySet(name, { staticPolicies: { ...texts } }),
    );
    if (answer.type === 'failure') {
      this.#freeNames.push(name);
      throw new EngineFailure(`policies could not be prepared: ${answer.errors[0]?.message ?? 'no reason'}`);
    }
    const prepared = { name, size };
    this.#prepared.set(texts, prepared);
    this.#policies += size;
    return prepared;
  }

  #drop(texts: PolicyTexts): void {
    const prepared = this.#prepared.get(texts);
    if (prepared === undefined) return;
    this.#prepared.delete(texts);
    this.#policies -= prepared.size;
    this.#freeNames.push(prepared.name);
  }

  /** The engine started anew and holds nothing. */
  #forget(): void {
    this.#prepared.clear();
    this.#freeNames.length = 0;
    this.#policies = 0;
  }
}
