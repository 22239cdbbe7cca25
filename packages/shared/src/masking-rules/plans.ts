import { compilePlan, type MaskingPlan, type TokenVault } from '../masking/index.ts';
import { PLANS_MAX, SCOPES_MAX } from './limits.ts';
import { engineRule, select } from './select.ts';
import type { MaskScope, RuleSet } from './types.ts';

export interface PlansOptions {
  /** For rules that hash: 32 bytes or more. */
  readonly hashKey?: Uint8Array;
  /** For rules that make tokens. Without one (at the gateway) such a value is redacted. */
  readonly vault?: TokenVault;
  /** Rules of analysers towards clients are held to at the agent, where the analysers are, and not here. */
  readonly analysersElsewhere?: boolean;
}

/** Nothing is masked. What is then still held to is that the message is one. */
export type Choice = MaskingPlan | 'pass';

/**
 * Compiled plans of one version of the rules, made at first use.
 *
 * Messages that the same rules apply to share a plan, so that there are as many plans as differences and not as
 * many as principals. Both maps are bounded: tools' names are the client's choice.
 */
export class Plans {
  readonly set: RuleSet;
  readonly #options: PlansOptions;
  readonly #byScope = new Map<string, Choice>();
  readonly #byRules = new Map<string, Choice>();

  constructor(set: RuleSet, options: PlansOptions = {}) {
    this.set = set;
    this.#options = options;
  }

  /** @throws MaskingError where a rule can't be compiled: then nothing may pass */
  plan(scope: MaskScope): Choice {
    const groups = scope.groups === 'any' ? '*' : scope.groups.join('\n');
    const key = `${scope.direction}\n${scope.server}\n${scope.tool ?? ''}\n${groups}`;
    const known = this.#byScope.get(key);
    if (known !== undefined) return known;
    if (this.#byScope.size >= SCOPES_MAX) this.#byScope.clear();
    const choice = this.#choose(scope);
    this.#byScope.set(key, choice);
    return choice;
  }

  #choose(scope: MaskScope): Choice {
    const selection = this.#select(scope);
    const key = JSON.stringify({
      ...selection,
      rules: selection.rules.map(({ name }) => name),
      refuses: scope.direction !== 'record',
    });
    const known = this.#byRules.get(key);
    if (known !== undefined) return known;
    if (this.#byRules.size >= PLANS_MAX) this.#byRules.clear();
    const choice = this.#compile(scope, selection);
    this.#byRules.set(key, choice);
    return choice;
  }

  #select(scope: MaskScope): ReturnType<typeof select> {
    const selection = select(this.set, scope);
    if (this.#options.analysersElsewhere !== true || scope.direction === 'record') return selection;
    return { ...selection, rules: selection.rules.filter(({ spec }) => spec.match.analyser === undefined) };
  }

  #compile(scope: MaskScope, selection: ReturnType<typeof select>): Choice {
    const { profiles, rules, media, unknownCarriers, tokenScope } = selection;
    const judges = Object.values(media).some((choice) => choice !== 'pass');
    if (profiles.length === 0 && rules.length === 0 && !judges) return 'pass';
    const { hashKey, vault } = this.#options;
    const tokens = vault !== undefined && scope.direction !== 'record';
    return compilePlan({
      profiles,
      rules: rules.map((rule) => engineRule(rule, { tokens, refuses: scope.direction !== 'record' })),
      ...media,
      ...(unknownCarriers === undefined ? {} : { unknownCarriers }),
      ...(hashKey === undefined ? {} : { hashKey }),
      ...(vault === undefined ? {} : { vault }),
      scope: tokenScope,
    });
  }
}
