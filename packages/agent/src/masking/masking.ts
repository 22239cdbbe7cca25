import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import { maskWithin, Plans } from '@sallyport/shared/masking-rules';
import { RULES_WAIT_MS } from '../limits.ts';
import type { Logger } from '../telemetry/index.ts';
import { type Analyse, analyseMessage } from './analysis.ts';
import { Rules, RulesAssembler, type RulesPart } from './rules.ts';
import { SessionMasking, type SessionMaskingParts } from './session.ts';
import { Vault } from './vault.ts';

export interface AgentMaskingOptions {
  readonly stateDir: string;
  readonly agent: string;
  /** The gateway's authority as it is trusted now, PEM. */
  readonly authorityPem: () => string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly analyse: Analyse;
  /** Whether agent.yaml has an analyser of that name. */
  readonly knowsAnalyser: (name: string) => boolean;
}

/** What holds for the little that is told of a server before there are rules. */
const DEFAULT = new Plans({ version: 0, servers: {}, rules: [] });

/** The masking room's door. */
export class AgentMasking {
  readonly #options: AgentMaskingOptions;
  readonly #vault: Vault;
  readonly #rules: Rules;

  /** @throws AgentMaskingError where the state folder can't be read */
  constructor(options: AgentMaskingOptions) {
    this.#options = options;
    this.#vault = new Vault(options.stateDir, options.log);
    this.#rules = new Rules({ ...options, vault: this.#vault });
  }

  /** Version of the rules in force; 0 where there are none, and nothing may be served. */
  get version(): number {
    return this.#rules.version;
  }

  /** For one tunnel: takes parts of rules, and says with the last one what came of them. */
  taker(): (part: RulesPart) => { version: number; problem: string } | undefined {
    const assembler = new RulesAssembler();
    return (part) => {
      try {
        const signed = assembler.add(part);
        if (signed === undefined) return undefined;
        const problem = this.#rules.take(signed) ?? '';
        return { version: this.#rules.version, problem };
      } catch (thrown) {
        return { version: this.#rules.version, problem: errorText(thrown) };
      }
    };
  }

  /** Resolves once rules of that version are in force; false where they don't come. */
  ready(version: number): Promise<boolean> {
    return this.#rules.atLeast(version, RULES_WAIT_MS);
  }

  session(parts: Pick<SessionMaskingParts, 'server' | 'release' | 'answerServer'>): SessionMasking {
    return new SessionMasking({
      ...parts,
      rules: this.#rules,
      vault: this.#vault,
      clock: this.#options.clock,
      log: this.#options.log,
      analyse: this.#options.analyse,
    });
  }

  /** A text that a server says of itself and that the gateway shows: its name and version. */
  text(server: string, text: string): string {
    const plan = (this.#rules.plans ?? DEFAULT).plan({
      server: this.#rules.documentOf(server),
      groups: 'any',
      direction: 'to-client',
    });
    const message = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { about: text } }));
    const { masked, refused } = maskWithin(this.#options.clock, message, plan);
    if (refused !== undefined) return '';
    // Cast: the message above, masked, which keeps its shape.
    return (JSON.parse(Buffer.from(masked).toString('utf8')) as { result: { about: string } }).result.about;
  }

  /**
   * An answer to `tools/list` that nobody in particular has asked for, by the rules that hold for anybody.
   *
   * @throws Error in words where it can't be masked: it then stays here
   */
  async list(document: string, answer: Buffer): Promise<Buffer> {
    const { clock, analyse, log } = this.#options;
    const plan = this.#rules.plans?.plan({ server: document, groups: 'any', direction: 'to-client' });
    if (plan === undefined) throw new Error('this agent has no masking rules');
    const analysed =
      plan !== 'pass' && plan.analysers.size > 0
        ? await analyseMessage(answer, plan, analyse, log)
        : undefined;
    const { masked, refused } = maskWithin(clock, answer, plan, analysed);
    if (refused !== undefined) throw new Error(`it could not be masked: ${refused.message}`);
    this.#vault.flush();
    return Buffer.from(masked.buffer, masked.byteOffset, masked.length);
  }

  close(): void {
    this.#vault.close();
  }
}
