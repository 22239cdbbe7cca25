import type { Context } from '@cedar-policy/cedar-wasm/nodejs';
import { canonicalDigest } from '@sallyport/shared/canonical-json';
import { errorText } from '@sallyport/shared/errors';
import { ArgumentsRefused, cedarArguments, type NumberLexeme } from './arguments.ts';
import { type Examined, examine } from './check.ts';
import { EngineFailure } from './engine.ts';
import { type DocumentProblems, PolicyError } from './errors.ts';
import { demandedFlows, denial, held, interpret } from './interpret.ts';
import { REMEMBERED_KEY_MAX_CHARACTERS, REMEMBERED_MAX_ENTRIES } from './limits.ts';
import { PreparedSets } from './prepared-sets.ts';
import { type Asked, type CallRead, cedarFacts, cedarQuestion, factsKey, questionKey } from './question.ts';
import { readsArguments } from './reads.ts';
import { Remembered } from './remembered.ts';
import { type Flavour, type Slice, Slices } from './slices.ts';
import type { Decision, DecisionRequest, Policy, PolicyProblem } from './types.ts';

export interface PolicyOptions {
  /** Told when the engine failed; never what was decided on. */
  readonly logger?: { error(message: string, detail: { readonly error: string }): void };
  /**
   * Tells the text of a number that the parser of the arguments kept exactly, as for `12345678901234567890`; undefined
   * for every other value. Without it such a number is refused, because a double has already rounded it.
   */
  readonly numberLexeme?: NumberLexeme;
}

type Source = { readonly name: string; readonly cedar: string };

/** What is in force between two loads. Replaced as a whole, so that nothing remembered outlives its policies. */
class InForce {
  readonly version: string;
  readonly examined: ReadonlyMap<string, Examined>;
  readonly slices: Slices;
  readonly remembered = { written: new Memory(), could: new Memory() };

  constructor(version: string, examined: ReadonlyMap<string, Examined>) {
    this.version = version;
    this.examined = examined;
    this.slices = new Slices([...examined.values()].flatMap(({ policies }) => policies));
  }
}

class Memory {
  readonly slices = new Remembered<Slice>(REMEMBERED_MAX_ENTRIES);
  readonly decisions = new Remembered<Decision>(REMEMBERED_MAX_ENTRIES);
}

/** Decides with Cedar. Everything that isn't a clear answer of the engine is a denial. */
export class CedarPolicy implements Policy {
  readonly #sets = new PreparedSets();
  readonly #options: PolicyOptions;
  #inForce: InForce | undefined;

  constructor(options: PolicyOptions) {
    this.#options = options;
  }

  get version(): string {
    return this.#inForce?.version ?? versionOf([]);
  }

  load(policies: readonly Source[]): void {
    const examined = new Map<string, Examined>();
    const documents: DocumentProblems[] = [];
    const ids = new Set<string>();
    for (const [name, document] of this.#examine(policies)) {
      const problems = [...document.problems];
      // Two policies of one name would be one to the engine, and the other not in force.
      const taken = document.policies.find(({ id }) => ids.has(id));
      if (taken !== undefined) problems.push({ message: `another policy is already named ${taken.id}` });
      if (problems.length > 0) documents.push({ name, problems });
      for (const { id } of document.policies) ids.add(id);
      examined.set(name, document);
    }
    if (documents.length > 0) throw new PolicyError(documents);
    this.#sets.clear();
    // The commit point: from here on the new policies decide, and what was remembered of the old ones is gone.
    this.#inForce = new InForce(versionOf(policies), examined);
  }

  decide(request: DecisionRequest): Decision {
    return this.#answer('written', request, request.arguments);
  }

  couldAllow(request: Asked): boolean {
    return this.#answer('could', request, undefined).effect !== 'deny';
  }

  check(cedar: string): PolicyProblem[] {
    try {
      return examine(this.#sets.engine, [{ name: 'policy', cedar }]).flatMap(({ problems }) => problems);
    } catch (thrown) {
      this.#log('a policy text could not be checked', thrown);
      return [
        {
          message: 'the policy engine could not read the text',
          help: 'write it as several smaller policies',
        },
      ];
    }
  }

  flowsOf(cedar: string): string[] {
    const flows = new Set<string>();
    for (const { policies, problems } of examine(this.#sets.engine, [{ name: 'policy', cedar }])) {
      if (problems.length > 0) continue;
      for (const { flow } of policies) if (flow !== undefined) flows.add(flow);
    }
    return [...flows].sort();
  }

  /** Documents with what is known of them; those that are in force with the same text are not read again. */
  #examine(sources: readonly Source[]): [name: string, Examined][] {
    const known = (source: Source) => {
      const examined = this.#inForce?.examined.get(source.name);
      return examined?.text === source.cedar ? examined : undefined;
    };
    const unread = sources.filter((source) => known(source) === undefined);
    const read = new Map(examine(this.#sets.engine, unread).map((document, n) => [unread[n], document]));
    return sources.map((source) => {
      const document = known(source) ?? read.get(source);
      if (document === undefined) throw new EngineFailure('a policy document was not read');
      return [source.name, document];
    });
  }

  #answer(flavour: Flavour, asked: Asked, args: (() => unknown) | undefined): Decision {
    const inForce = this.#inForce;
    if (inForce === undefined) return denial('policy_unavailable', this.version);
    try {
      return this.#answerWith(inForce, flavour, asked, args);
    } catch (thrown) {
      // A client chooses its arguments, and must not fill the log with them.
      if (thrown instanceof ArgumentsRefused) return denial('policy_error', inForce.version);
      this.#log('a call was denied because the policy engine failed', thrown);
      return denial('policy_unavailable', inForce.version);
    }
  }

  #answerWith(inForce: InForce, flavour: Flavour, asked: Asked, args: (() => unknown) | undefined): Decision {
    const memory = inForce.remembered[flavour];
    const key = questionKey(asked);
    let slice = memory.slices.get(key);
    if (slice === undefined) {
      slice = inForce.slices.sliceFor(asked, flavour);
      if (key.length <= REMEMBERED_KEY_MAX_CHARACTERS) memory.slices.set(key, slice);
    }
    if (slice.effects.size === 0) return denial('no_permit', inForce.version);
    if (readsArguments(slice.reads)) {
      return this.#judge(slice, asked, this.#readCall(args, slice), inForce.version);
    }
    const decisionKey = slice.reads.facts.size === 0 ? key : key + factsKey(asked, slice.reads.facts);
    const known = memory.decisions.get(decisionKey);
    if (known !== undefined) return known;
    const decision = this.#judge(slice, asked, NOTHING_READ, inForce.version);
    if (decisionKey.length <= REMEMBERED_KEY_MAX_CHARACTERS) memory.decisions.set(decisionKey, decision);
    return decision;
  }

  /** Evaluates; and where only approvals are lacking, once more with them, because they may not be all that is. */
  #judge(slice: Slice, asked: Asked, read: CallRead, version: string): Decision {
    const decision = this.#evaluate(slice, asked, read, version);
    const present = asked.context.approval?.flows ?? [];
    const flows = demandedFlows(decision, slice, present);
    if (flows === undefined) return decision;
    const context = { ...asked.context, approval: { flows: [...present, ...flows] } };
    const approved = this.#evaluate(slice, { ...asked, context }, read, version);
    return approved.effect === 'allow' ? held(decision, flows) : decision;
  }

  #readCall(args: (() => unknown) | undefined, slice: Slice): CallRead {
    let value: unknown;
    try {
      value = args?.();
    } catch (thrown) {
      throw new ArgumentsRefused('the arguments could not be read', { cause: thrown });
    }
    const read = cedarArguments(value, slice.reads.arguments, this.#options.numberLexeme ?? noLexeme);
    return { arguments: read, risk: {} };
  }

  #evaluate(slice: Slice, asked: Asked, read: CallRead, version: string): Decision {
    // Cast: the engine's type of JSON values has no room for a number kept as its text.
    const context = cedarFacts(asked, read) as Context;
    return interpret(this.#sets.evaluate(slice.texts, { ...cedarQuestion(asked), context }), slice, version);
  }

  #log(message: string, thrown: unknown): void {
    this.#options.logger?.error(message, { error: errorText(thrown) });
  }
}

const NOTHING_READ: CallRead = { arguments: {}, risk: {} };

function noLexeme(): undefined {
  return undefined;
}

function versionOf(policies: readonly Source[]): string {
  const sorted = policies
    .map(({ name, cedar }) => ({ name, cedar }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return canonicalDigest(sorted);
}
