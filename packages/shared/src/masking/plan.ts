import { comparable } from './actions.ts';
import { utf8 } from './bytes.ts';
import { checkRules } from './check-rules.ts';
import type { Detector, DigitsDetector, SignDetector, TokenDetector } from './detector.ts';
import { DETECTORS } from './detectors/table.ts';
import { KeyCache } from './keys.ts';
import { PROFILES } from './profiles.ts';
import { Dictionary } from './rules/dictionary.ts';
import { plainName } from './rules/names.ts';
import { PathSet } from './rules/paths.ts';
import { compilePattern, PatternSet } from './rules/pattern.ts';
import type { Action, MaskingRule, MediaChoice, PlanOptions, TokenVault } from './types.ts';

/** A rule ready for use. */
export interface CompiledRule {
  readonly index: number;
  readonly name: string;
  readonly action: Action;
  readonly minConfidence: number;
  /** Words of which one must be near; null where the rule needs none. */
  readonly context: readonly string[] | null;
  readonly allow: ReadonlySet<string> | null;
  readonly numbers: 'string' | 'zero';
  readonly hashKey: Uint8Array | undefined;
  readonly vault: TokenVault | undefined;
  readonly scope: string;
  /** `[PAN]` */
  redacted(entity: string): Uint8Array;
}

/** What a finding is reported as, and the rules that may act on it, the first that applies first. */
export interface Reporter {
  readonly index: number;
  readonly detector: string;
  readonly entity: string;
  readonly confidence: number;
  readonly rules: readonly CompiledRule[];
  /** Set where there is one rule that only redacts: the bytes that take every value's place. */
  readonly fixed: Uint8Array | null;
}

/** A detector and what its findings are reported as. */
export interface Active<D extends Detector> {
  readonly detector: D;
  readonly reporter: Reporter;
}

/** Runs of this size and longer meet the same detectors: those for long tokens. */
export const TOKEN_SIZES = 130;

/** Everything that masking needs to know, compiled once and used for any number of messages. */
export class MaskingPlan {
  readonly rules: CompiledRule[] = [];
  readonly reporters: Reporter[] = [];
  readonly digits: Active<DigitsDetector>[] = [];
  readonly tokens: Active<TokenDetector>[] = [];
  /** The same by size of the group or run, so that a candidate meets only detectors that could take it. */
  readonly digitsBySize: (readonly Active<DigitsDetector>[])[];
  readonly tokensBySize: (readonly Active<TokenDetector>[])[];
  readonly mixedBySize: (readonly Active<TokenDetector>[])[];
  /** Meanings that any of the plan's digit detectors asks for: with none of them there is nothing to look back for. */
  readonly wanted: number;
  /** Whether customers' patterns or dictionaries run over every text. */
  readonly hasCustom: boolean;
  /** By byte: detectors called at it. */
  readonly signs: Active<SignDetector>[][] = [];
  readonly patterns = new PatternSet();
  readonly patternReporters: Reporter[] = [];
  readonly dictionaries: Dictionary[] = [];
  /** By analyser and entity: what is reported of its findings. */
  readonly analysers = new Map<string, Map<string, Reporter>>();
  readonly paths = new PathSet();
  /** Reporter indexes by key name and by column name. */
  readonly keyNames = new Map<string, number>();
  readonly columnNames = new Map<string, number>();
  readonly keys: KeyCache;
  readonly images: MediaChoice;
  readonly audio: MediaChoice;
  readonly binary: MediaChoice;
  readonly unknownCarriers: 'scan' | 'refuse';
  readonly scope: string;
  hasPaths = false;
  /** Whether any rule asks for words nearby, for which keys are kept as text. */
  readonly hasContext: boolean;
  /** The password detector, which also takes whole values under a key that says secret. */
  secret: Reporter | null = null;

  constructor(options: PlanOptions) {
    const profiles = (options.profiles ?? []).map((name) => PROFILES[name]);
    this.images = options.images ?? 'pass';
    this.audio = options.audio ?? 'pass';
    this.binary =
      options.binary ?? (profiles.some((profile) => profile.binary === 'refuse') ? 'refuse' : 'pass');
    this.unknownCarriers = options.unknownCarriers ?? 'refuse';
    this.scope = options.scope ?? '';
    const rules = [...(options.rules ?? []), ...profiles.flatMap((profile) => profile.rules)];
    checkRules(rules, options);
    for (const [index, rule] of rules.entries())
      this.rules.push(compiledRule(rule, index, options, this.scope));
    this.#takeDetectors(rules);
    this.#takeAnalysers(rules);
    for (const [index, rule] of rules.entries()) this.#takeCustomRule(rule, this.rules[index]);
    this.keys = new KeyCache(this.keyNames);
    this.hasContext = rules.some((rule) => rule.context !== undefined);
    this.hasCustom = this.patterns.size > 0 || this.dictionaries.length > 0 || this.analysers.size > 0;
    this.wanted = this.digits.reduce((bits, { detector }) => bits | detector.context, 0);
    const upTo = (limit: number): number[] => Array.from({ length: limit }, (_, size) => size);
    this.digitsBySize = upTo(20).map((size) =>
      this.digits.filter(({ detector }) => ((detector.sizes >> size) & 1) === 1),
    );
    const fits = (size: number, detector: TokenDetector): boolean =>
      size >= detector.min && size <= detector.max;
    this.mixedBySize = upTo(TOKEN_SIZES).map((size) =>
      this.tokens.filter(({ detector }) => fits(size, detector)),
    );
    this.tokensBySize = this.mixedBySize.map((list) => list.filter(({ detector }) => !detector.mixed));
  }

  #reporter(detector: string, entity: string, confidence: number, rules: readonly CompiledRule[]): Reporter {
    const only = rules.length === 1 ? rules[0] : undefined;
    const plain =
      only?.action.kind === 'redact' &&
      only.allow === null &&
      only.context === null &&
      only.minConfidence <= confidence;
    const reporter = {
      index: this.reporters.length,
      detector,
      entity,
      confidence,
      rules,
      fixed: plain && only !== undefined ? only.redacted(entity) : null,
    };
    this.reporters.push(reporter);
    return reporter;
  }

  #takeDetectors(rules: readonly MaskingRule[]): void {
    for (const detector of DETECTORS) {
      const own = this.rules.filter((_, i) => {
        const match = rules[i]?.match;
        return match !== undefined && 'detectors' in match && match.detectors.includes(detector.name);
      });
      if (own.length > 0) this.#takeDetector(detector, own);
    }
  }

  #takeDetector(detector: Detector, rules: readonly CompiledRule[]): void {
    const reporter = this.#reporter(detector.name, detector.entity, detector.confidence, rules);
    if (detector.name === 'password') this.secret = reporter;
    if (detector.on === 'digits') this.digits.push({ detector, reporter });
    else if (detector.on === 'token') this.tokens.push({ detector, reporter });
    else {
      for (const sign of detector.signs) {
        const byte = sign.charCodeAt(0);
        const list = this.signs[byte] ?? [];
        list.push({ detector, reporter });
        this.signs[byte] = list;
      }
    }
  }

  /** Rules of one analyser that name the same entity share a reporter, so that the first that applies wins. */
  #takeAnalysers(rules: readonly MaskingRule[]): void {
    for (const { match } of rules) {
      if (!('analyser' in match)) continue;
      const { analyser } = match;
      const byEntity = this.analysers.get(analyser) ?? new Map<string, Reporter>();
      this.analysers.set(analyser, byEntity);
      for (const entity of match.entities) {
        if (byEntity.has(entity)) continue;
        const own = this.rules.filter((_, i) => {
          const each = rules[i]?.match;
          return (
            each !== undefined &&
            'analyser' in each &&
            each.analyser === analyser &&
            each.entities.includes(entity)
          );
        });
        byEntity.set(entity, this.#reporter(analyser, entity, 1, own));
      }
    }
  }

  #takeCustomRule(rule: MaskingRule, compiled: CompiledRule | undefined): void {
    const { match } = rule;
    if (compiled === undefined || 'detectors' in match || 'analyser' in match) return;
    const reporter = this.#reporter(kindOf(rule), rule.entity ?? '', 1, [compiled]);
    if ('pattern' in match) {
      const pattern = compilePattern(rule.name, match.pattern, match.caseSensitive ?? true, reporter.index);
      this.patterns.add(pattern, match.pattern, match.caseSensitive ?? true);
    } else if ('dictionary' in match) {
      this.dictionaries.push(
        new Dictionary(rule.name, match.dictionary, match.caseSensitive ?? false, reporter.index),
      );
    } else if ('paths' in match) {
      for (const path of match.paths) this.paths.add(rule.name, path, reporter.index);
      this.hasPaths = true;
    } else if ('keys' in match) {
      for (const key of match.keys) learnName(this.keyNames, key, reporter.index);
    } else {
      for (const column of match.columns) learnName(this.columnNames, column, reporter.index);
    }
  }
}

function learnName(names: Map<string, number>, name: string, reporter: number): void {
  const plain = plainName(name);
  if (!names.has(plain)) names.set(plain, reporter);
}

function kindOf(rule: MaskingRule): string {
  for (const kind of ['pattern', 'dictionary', 'paths', 'keys', 'columns'] as const)
    if (kind in rule.match) return `rule-${kind}`;
  return 'rule';
}

function compiledRule(rule: MaskingRule, index: number, options: PlanOptions, scope: string): CompiledRule {
  const label = rule.action.kind === 'redact' ? rule.action.label : undefined;
  const texts = new Map<string, Uint8Array>();
  return {
    index,
    name: rule.name,
    action: rule.action,
    minConfidence: rule.minConfidence ?? 0,
    context: rule.context === undefined ? null : rule.context.map((word) => word.toLowerCase()),
    allow: rule.allow === undefined ? null : new Set(rule.allow.map(comparable)),
    numbers: rule.numbers ?? 'string',
    hashKey: options.hashKey,
    vault: options.vault,
    scope,
    redacted(entity) {
      const name = label ?? entity;
      const known = texts.get(name);
      if (known !== undefined) return known;
      const made = utf8(`[${name}]`);
      texts.set(name, made);
      return made;
    },
  };
}

/**
 * Compiles profiles and rules.
 *
 * Own rules come before the profiles', so that a customer can give a built-in entity another action.
 * @throws MaskingError with the rule and the reason (issue 5, Bad input).
 */
export function compilePlan(options: PlanOptions): MaskingPlan {
  return new MaskingPlan(options);
}
