import type { MediaChoice, ProfileName } from '../masking/index.ts';

/**
 * What a rule matches: exactly one of `profile`, `detectors`, `pattern`, `keys`, `paths`, `columns`,
 * `dictionary`, `analyser`.
 */
export interface RuleMatchSpec {
  /** All detectors of a built-in profile. */
  readonly profile?: ProfileName;
  readonly detectors?: readonly string[];
  /** RE2 syntax; with a group named `value` only that group is masked. */
  readonly pattern?: string;
  readonly keys?: readonly string[];
  readonly paths?: readonly string[];
  readonly columns?: readonly string[];
  readonly dictionary?: readonly string[];
  /** Name of an analyser of agent.yaml, for names and places; with the `entities` it is asked for. */
  readonly analyser?: string;
  readonly entities?: readonly string[];
  /** For `pattern` (default true) and `dictionary` (default false). */
  readonly caseSensitive?: boolean;
}

export type Direction = 'to-client' | 'to-server' | 'both';

/** Where a rule holds. An empty list means everywhere; `core-*` names all that begin so. */
export interface RuleScope {
  readonly servers: readonly string[];
  readonly tools: readonly string[];
  /** Principals of at least one of these groups. */
  readonly groups: readonly string[];
  /** But not principals of one of these. */
  readonly exceptGroups: readonly string[];
  readonly direction: Direction;
}

/** What happens with content that is never "masked". Of several that apply the strictest holds. */
export interface MediaSpec {
  readonly images?: MediaChoice;
  readonly audio?: MediaChoice;
  readonly binary?: MediaChoice;
}

/** A document of kind MaskingRule, defaults filled in. */
export interface RuleSpec {
  readonly match: RuleMatchSpec;
  /** Name of what is masked; needed unless the rule is about built-in detectors. */
  readonly entity?: string;
  readonly action: 'redact' | 'partial' | 'hash' | 'token' | 'drop' | 'refuse';
  /** For `redact`: what stands in brackets instead of the entity. */
  readonly label?: string;
  /** For `partial`; default `last4`. */
  readonly keep?: 'bin-last4' | 'last4';
  readonly context?: readonly string[];
  /** 0 to 100; findings less sure are left. Built-ins: 99 checksum, 90 shape, 80 words. */
  readonly minConfidencePercent?: number;
  readonly allow?: readonly string[];
  readonly numbers?: 'string' | 'zero';
  readonly scope: RuleScope;
  readonly media?: MediaSpec;
  readonly enabled: boolean;
  readonly description?: string;
}

/** Where tokens are turned back into their values. */
export interface RestoreSpec {
  /** Tools whose arguments may hold tokens. */
  readonly tools: readonly string[];
  /** Only for principals of these groups; empty: for all that policy lets call the tool. */
  readonly groups: readonly string[];
  /** Only tokens of these entities; empty: of all. */
  readonly entities: readonly string[];
}

/** `masking` of a Server document, defaults filled in. */
export interface ServerMasking extends MediaSpec {
  /** Profiles that hold towards clients. */
  readonly profiles: readonly ProfileName[];
  readonly unknownCarriers?: 'scan' | 'refuse';
  /** Tokens and hashes of servers with one scope are alike. Default: the server's own name. */
  readonly tokenScope?: string;
  readonly restore?: RestoreSpec;
}

export interface NamedRule {
  readonly name: string;
  readonly spec: RuleSpec;
}

/** All that decides about masking at one version. What a gateway enforces, and what it hands to its agents. */
export interface RuleSet {
  /** Only grows; the same number names the same rules on every replica. */
  readonly version: number;
  /** By name of the Server document. A server that is not listed has the default. */
  readonly servers: Readonly<Record<string, ServerMasking>>;
  readonly rules: readonly NamedRule[];
}

/** What a message is, for the choice of rules. */
export interface MaskScope {
  readonly server: string;
  /** The tool called; `ANY_TOOL` where that can't be told: then the rules of all tools hold. */
  readonly tool?: string;
  /** `any` where the principal can't be told: then the rules of all groups hold. */
  readonly groups: readonly string[] | 'any';
  readonly direction: 'to-client' | 'to-server' | 'record';
}
