import {
  type Action,
  type MaskingRule,
  type MediaChoice,
  PROFILES,
  type ProfileName,
} from '../masking/index.ts';
import type { MaskScope, MediaSpec, NamedRule, RuleSet, RuleSpec, ServerMasking } from './types.ts';

/** Stands for a tool that can't be told, as of a log line over stdio. No tool can have this name. */
export const ANY_TOOL = '*';

/** What no rule can take away from records, and what holds towards clients where no document says otherwise. */
export const DEFAULT_PROFILES: readonly ProfileName[] = ['PCI', 'secrets'];

const DEFAULT_MASKING: ServerMasking = { profiles: DEFAULT_PROFILES };

/** The rules and choices that hold for a message. */
export interface Selection {
  readonly profiles: readonly ProfileName[];
  readonly rules: readonly NamedRule[];
  readonly media: MediaSpec;
  readonly unknownCarriers: 'scan' | 'refuse' | undefined;
  readonly tokenScope: string;
}

export function serverMasking(set: RuleSet, server: string): ServerMasking {
  return Object.hasOwn(set.servers, server) ? (set.servers[server] ?? DEFAULT_MASKING) : DEFAULT_MASKING;
}

/** Chooses what holds for a message. Records are for everybody who may ever read them: the rules of all groups hold. */
export function select(set: RuleSet, scope: MaskScope): Selection {
  const server = serverMasking(set, scope.server);
  const rules = set.rules.filter(({ spec }) => applies(spec, scope));
  const record = scope.direction === 'record';
  const own = scope.direction === 'to-server' ? [] : server.profiles;
  const profiles = record ? [...new Set([...own, ...DEFAULT_PROFILES])] : own;
  const media = [
    ...(scope.direction === 'to-server' ? [] : [server]),
    ...rules.map(({ spec }) => spec.media ?? {}),
  ];
  return {
    profiles,
    rules,
    media: record ? { images: 'pass', audio: 'pass', binary: 'pass' } : strictest(media),
    unknownCarriers: record || scope.direction === 'to-server' ? 'scan' : server.unknownCarriers,
    tokenScope: server.tokenScope ?? scope.server,
  };
}

function applies(spec: RuleSpec, { server, tool, groups, direction }: MaskScope): boolean {
  if (!spec.enabled) return false;
  const { scope } = spec;
  if (scope.servers.length > 0 && !named(scope.servers, server)) return false;
  if (scope.tools.length > 0 && tool !== ANY_TOOL && !(tool !== undefined && named(scope.tools, tool)))
    return false;
  if (direction === 'record') return true;
  if (scope.direction !== 'both' && scope.direction !== direction) return false;
  if (groups === 'any') return true;
  if (scope.groups.length > 0 && !scope.groups.some((group) => groups.includes(group))) return false;
  return !scope.exceptGroups.some((group) => groups.includes(group));
}

/** Whether a list of names and prefixes (`core-*`) holds a name. */
export function named(list: readonly string[], name: string): boolean {
  return list.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : each === name));
}

const STRICTNESS: readonly MediaChoice[] = ['pass', 'drop', 'refuse'];

function strictest(choices: readonly MediaSpec[]): MediaSpec {
  const of = (kind: keyof MediaSpec): { [kind: string]: MediaChoice } => {
    const rank = Math.max(
      ...choices.map((choice) => STRICTNESS.indexOf(choice[kind] ?? ('' as MediaChoice))),
    );
    const choice = STRICTNESS[rank];
    return choice === undefined ? {} : { [kind]: choice };
  };
  return { ...of('images'), ...of('audio'), ...of('binary') };
}

/** A document's rule as the engine takes it. */
export function engineRule(
  { name, spec }: NamedRule,
  options: { tokens: boolean; refuses: boolean },
): MaskingRule {
  return {
    name,
    match: matchOf(spec.match),
    action: actionOf(spec, options),
    ...(spec.entity === undefined ? {} : { entity: spec.entity }),
    ...(spec.context === undefined ? {} : { context: spec.context }),
    ...(spec.minConfidencePercent === undefined ? {} : { minConfidence: spec.minConfidencePercent / 100 }),
    ...(spec.allow === undefined ? {} : { allow: spec.allow }),
    ...(spec.numbers === undefined ? {} : { numbers: spec.numbers }),
  };
}

function actionOf(spec: RuleSpec, options: { tokens: boolean; refuses: boolean }): Action {
  const redact: Action = { kind: 'redact', ...(spec.label === undefined ? {} : { label: spec.label }) };
  if (spec.action === 'partial') return { kind: 'partial', keep: spec.keep ?? 'last4' };
  if (spec.action === 'token') return options.tokens ? { kind: 'token' } : redact;
  if (spec.action === 'refuse') return options.refuses ? { kind: 'refuse' } : redact;
  return spec.action === 'redact' ? redact : { kind: spec.action };
}

function matchOf(match: RuleSpec['match']): MaskingRule['match'] {
  const caseSensitive = match.caseSensitive === undefined ? {} : { caseSensitive: match.caseSensitive };
  if (match.profile !== undefined) {
    const detectors = PROFILES[match.profile].rules.flatMap((rule) =>
      'detectors' in rule.match ? rule.match.detectors : [],
    );
    return { detectors };
  }
  if (match.detectors !== undefined) return { detectors: match.detectors };
  if (match.pattern !== undefined) return { pattern: match.pattern, ...caseSensitive };
  if (match.keys !== undefined) return { keys: match.keys };
  if (match.paths !== undefined) return { paths: match.paths };
  if (match.columns !== undefined) return { columns: match.columns };
  if (match.analyser !== undefined) return { analyser: match.analyser, entities: match.entities ?? [] };
  return { dictionary: match.dictionary ?? [], ...caseSensitive };
}
