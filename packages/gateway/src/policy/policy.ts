import { errorText } from '@sallyport/shared/errors';
import { ArgumentsRefused } from './arguments.ts';
import { type Examined, examine } from './check.ts';
import { EngineFailure } from './engine.ts';
import { type DocumentProblems, PolicyError } from './errors.ts';
import type { Around, Misfit } from './fit/around.ts';
import { misfitsOf } from './fit/fit.ts';
import { generatedSchema, type SchemaScope } from './fit/generated.ts';
import { TypeChecks } from './fit/typing.ts';
import { InForce, type PolicySet, versionOf } from './in-force.ts';
import { denial } from './interpret.ts';
import { type Case, Judge, type JudgeOptions } from './judge.ts';
import { PreparedSets } from './prepared-sets.ts';
import type { Asked } from './question.ts';
import type { RiskFacts } from './risk/readings.ts';
import { scopeReaches } from './scope.ts';
import type {
  Decision,
  DecisionRequest,
  Policy,
  PolicyProblem,
  PolicySource,
  Surroundings,
} from './types.ts';

export interface PolicyOptions extends JudgeOptions {
  /** Told when the engine failed; never what was decided on. */
  readonly logger?: { error(message: string, detail: { readonly error: string }): void };
}

/** Decides with Cedar. Everything that isn't a clear answer of the engine is a denial. */
export class CedarPolicy implements Policy {
  readonly #sets = new PreparedSets();
  readonly #types = new TypeChecks(this.#sets.engine);
  readonly #judge: Judge;
  readonly #logger: PolicyOptions['logger'];
  #inForce: InForce | undefined;

  constructor(options: PolicyOptions) {
    this.#logger = options.logger;
    this.#judge = new Judge(this.#sets, options);
  }

  get version(): string {
    return this.#inForce?.enforced.version ?? versionOf([], new Map());
  }

  load(policies: readonly PolicySource[], surroundings: Surroundings = {}): void {
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
    this.#inForce = new InForce(policies, examined, surroundings.arguments ?? new Map());
  }

  decide(request: DecisionRequest): Decision {
    const inForce = this.#inForce;
    if (inForce === undefined) return denial('policy_unavailable', this.version);
    const { declarations, enforced, tried } = inForce;
    const question: Case = { flavour: 'written', asked: request, arguments: request.arguments, declarations };
    const decision = this.#answer(enforced, question);
    if (tried === undefined || !this.#takesPart(inForce, request)) return decision;
    const { effect, reasons, flows, policies, policyVersion } = this.#answer(tried, question);
    if (effect === decision.effect && String(flows) === String(decision.flows)) return decision;
    const would = { effect, reasons, policies, policyVersion, ...(flows === undefined ? {} : { flows }) };
    return Object.freeze({ ...decision, would: Object.freeze(would) });
  }

  /** Whether a dry-run policy has a say in a question; the enforced ones are in both sets. */
  #takesPart({ enforced, tried }: InForce, asked: Asked): boolean {
    if (tried === undefined) return false;
    const count = (set: PolicySet) => this.#judge.slice(set, 'written', asked).effects.size;
    return count(tried) > count(enforced);
  }

  riskOf(call: { readonly server: string; readonly tool: string; readonly arguments: unknown }): RiskFacts {
    const resource = { type: 'Tool', name: call.tool } as const;
    return this.#inForce === undefined
      ? {}
      : this.#judge.riskOf(this.#inForce.declarations, { server: call.server, resource }, call.arguments);
  }

  couldAllow(request: Asked): boolean {
    if (this.#inForce === undefined) return false;
    const { declarations, enforced } = this.#inForce;
    const question: Case = { flavour: 'could', asked: request, arguments: undefined, declarations };
    return this.#answer(enforced, question).effect !== 'deny';
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

  fit(policies: readonly PolicySource[], around: Around): Misfit[] {
    try {
      const checked = this.#examine(policies).map(([name, document]) => ({ name, document }));
      return checked
        .filter(({ document }) => document.problems.length === 0)
        .flatMap(({ name, document }) => misfitsOf(this.#types, name, document, around));
    } catch (thrown) {
      this.#log('policies could not be compared with what there is', thrown);
      const message = 'policies could not be compared with approval flows and tools';
      return policies.slice(0, 1).map(({ name }) => ({ policy: name, message, refused: false }));
    }
  }

  serversOf(cedar: string, servers: readonly string[]): string[] {
    try {
      const documents = examine(this.#sets.engine, [{ name: 'policy', cedar }]);
      const policies = documents.flatMap((document) => document.policies);
      return servers.filter((server) => policies.some(({ json }) => scopeReaches(json, server)));
    } catch (thrown) {
      this.#log('it is not known which servers a policy is about', thrown);
      return [...servers];
    }
  }

  schema(tools: Around['tools'], scope: SchemaScope = {}): string {
    return generatedSchema(tools, scope);
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
  #examine(sources: readonly PolicySource[]): [name: string, Examined][] {
    const known = (source: PolicySource) => {
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

  #answer(set: PolicySet, question: Case): Decision {
    try {
      return this.#judge.decide(set, question);
    } catch (thrown) {
      // A client chooses its arguments, and must not fill the log with them.
      if (thrown instanceof ArgumentsRefused) return denial('policy_error', set.version);
      this.#log('a call was denied because the policy engine failed', thrown);
      return denial('policy_unavailable', set.version);
    }
  }

  #log(message: string, thrown: unknown): void {
    this.#logger?.error(message, { error: errorText(thrown) });
  }
}
