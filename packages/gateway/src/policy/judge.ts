import type { Context } from '@cedar-policy/cedar-wasm/nodejs';
import { ArgumentsRefused, cedarArguments, type NumberLexeme } from './arguments.ts';
import type { Declarations } from './declarations.ts';
import type { PolicySet } from './in-force.ts';
import { demandedFlows, denial, held, interpret } from './interpret.ts';
import { REMEMBERED_KEY_MAX_CHARACTERS } from './limits.ts';
import type { PreparedSets } from './prepared-sets.ts';
import { type Asked, type CallRead, cedarFacts, cedarQuestion, factsKey, questionKey } from './question.ts';
import { readsArguments } from './reads.ts';
import { cedarRisk } from './risk/cedar-risk.ts';
import { READERS } from './risk/cedar-types.ts';
import { type RiskFacts, type RiskReaders, readRisk, type Wanted } from './risk/readings.ts';
import { UNREADABLE_SHELL } from './risk/shell.ts';
import { UNREADABLE_SQL } from './risk/sql.ts';
import type { Flavour, Slice } from './slices.ts';
import type { Decision } from './types.ts';

export interface JudgeOptions {
  /**
   * Tells the text of a number that the parser of the arguments kept exactly, as for `12345678901234567890`; undefined
   * for every other value. Without it such a number is refused, because a double has already rounded it.
   */
  readonly numberLexeme?: NumberLexeme;
  /** Readers of SQL and shells. Without them every such text has the highest risk. */
  readonly readers?: RiskReaders;
}

/** A question in one flavour, with the way to the call's arguments. */
export interface Case {
  readonly flavour: Flavour;
  readonly asked: Asked;
  readonly arguments: (() => unknown) | undefined;
  readonly declarations: Declarations;
}

/** Decides one case with one set of policies: slices it, remembers what may be, reads only what is asked for. */
export class Judge {
  readonly #sets: PreparedSets;
  readonly #options: JudgeOptions;

  constructor(sets: PreparedSets, options: JudgeOptions) {
    this.#sets = sets;
    this.#options = options;
  }

  /** @throws ArgumentsRefused, EngineFailure; whoever asked denies. */
  decide(set: PolicySet, question: Case): Decision {
    const { flavour, asked } = question;
    const memory = set.remembered[flavour];
    const key = questionKey(asked);
    const slice = this.slice(set, flavour, asked, key);
    if (slice.effects.size === 0) return denial('no_permit', set.version);
    if (readsArguments(slice.reads)) {
      return this.#judge(slice, asked, this.#readCall(slice, question), set.version);
    }
    const decisionKey = slice.reads.facts.size === 0 ? key : key + factsKey(asked, slice.reads.facts);
    const known = memory.decisions.get(decisionKey);
    if (known !== undefined) return known;
    const decision = this.#judge(slice, asked, NOTHING_READ, set.version);
    if (decisionKey.length <= REMEMBERED_KEY_MAX_CHARACTERS) memory.decisions.set(decisionKey, decision);
    return decision;
  }

  /** The policies of a set that take part. */
  slice(set: PolicySet, flavour: Flavour, asked: Asked, key = questionKey(asked)): Slice {
    const { slices } = set.remembered[flavour];
    const known = slices.get(key);
    if (known !== undefined) return known;
    const slice = set.slices.sliceFor(asked, flavour);
    if (key.length <= REMEMBERED_KEY_MAX_CHARACTERS) slices.set(key, slice);
    return slice;
  }

  /** What the readers say of a tool's arguments. */
  riskOf(
    declarations: Declarations,
    { server, resource }: Pick<Asked, 'resource' | 'server'>,
    args: unknown,
    wanted: Wanted = ALL_READERS,
  ): RiskFacts {
    if (resource.type !== 'Tool' || wanted.size === 0) return {};
    const declared = declarations.of(server, resource.name);
    if (declared.length === 0) return {};
    const lexemeOf = this.#options.numberLexeme ?? noLexeme;
    return readRisk(args, { declared, wanted, lexemeOf, readers: this.#options.readers ?? NO_READERS });
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

  #readCall(slice: Slice, { asked, arguments: args, declarations }: Case): CallRead {
    let value: unknown;
    try {
      value = args?.();
    } catch (thrown) {
      throw new ArgumentsRefused('the arguments could not be read', { cause: thrown });
    }
    const lexemeOf = this.#options.numberLexeme ?? noLexeme;
    return {
      arguments: cedarArguments(value, slice.reads.arguments, lexemeOf),
      risk: cedarRisk(this.riskOf(declarations, asked, value, slice.reads.risk), slice.reads.risk),
    };
  }

  #evaluate(slice: Slice, asked: Asked, read: CallRead, version: string): Decision {
    // Cast: the engine's type of JSON values has no room for a number kept as its text.
    const context = cedarFacts(asked, read, slice.reads.facts) as Context;
    return interpret(this.#sets.evaluate(slice.texts, { ...cedarQuestion(asked), context }), slice, version);
  }
}

const ALL_READERS: Wanted = new Set(READERS);
const NO_READERS: RiskReaders = { sql: () => UNREADABLE_SQL, shell: () => UNREADABLE_SHELL };
const NOTHING_READ: CallRead = { arguments: {}, risk: {} };

function noLexeme(): undefined {
  return undefined;
}
