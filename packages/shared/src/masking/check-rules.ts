import { DETECTORS } from './detectors/table.ts';
import { MaskingError } from './errors.ts';
import { RULES_MAX } from './limits.ts';
import { plainName } from './rules/names.ts';
import type { MaskingRule, PlanOptions } from './types.ts';

const NAME = /^[A-Z][A-Z0-9_]{0,39}$/;

/** Refuses rules that can't be used as they stand. @throws MaskingError with the rule and the reason */
export function checkRules(rules: readonly MaskingRule[], options: PlanOptions): void {
  if (rules.length > RULES_MAX)
    throw new MaskingError('rule_incomplete', `a plan holds at most ${RULES_MAX} rules`);
  const names = new Set<string>();
  for (const rule of rules) {
    if (names.has(rule.name))
      throw new MaskingError('duplicate_rule', `two rules are named "${rule.name}"; rename one`);
    names.add(rule.name);
    checkRule(rule, options);
  }
}

function checkRule(rule: MaskingRule, options: PlanOptions): void {
  if (rule.name.trim() === '') throw new MaskingError('rule_incomplete', 'a rule has no name');
  if ('detectors' in rule.match) {
    for (const name of rule.match.detectors) {
      if (!DETECTORS.some((detector) => detector.name === name)) {
        throw new MaskingError('unknown_detector', `rule "${rule.name}": there is no detector "${name}"`);
      }
    }
  } else if ('analyser' in rule.match) {
    const wrong = rule.match.entities.find((entity) => !NAME.test(entity));
    if (rule.match.entities.length === 0 || wrong !== undefined) {
      throw new MaskingError(
        'rule_incomplete',
        `rule "${rule.name}": "entities" are names of capitals, digits and _, such as PERSON`,
      );
    }
  } else if (rule.entity === undefined || !NAME.test(rule.entity)) {
    throw new MaskingError(
      'rule_incomplete',
      `rule "${rule.name}": needs an entity of capitals, digits and _ that names what it masks`,
    );
  }
  const list = Object.values(rule.match)[0] as unknown;
  if (
    Array.isArray(list) &&
    (list.length === 0 || list.some((item) => typeof item !== 'string' || item.trim() === ''))
  ) {
    throw new MaskingError('rule_incomplete', `rule "${rule.name}": its list is empty or has an empty item`);
  }
  if (
    ('keys' in rule.match && rule.match.keys.some((key) => plainName(key) === '')) ||
    ('columns' in rule.match && rule.match.columns.some((key) => plainName(key) === ''))
  ) {
    throw new MaskingError('rule_incomplete', `rule "${rule.name}": a name has no letter or digit`);
  }
  if (
    rule.action.kind === 'redact' &&
    rule.action.label !== undefined &&
    !/^[A-Z][A-Z0-9_ -]{0,39}$/.test(rule.action.label)
  ) {
    throw new MaskingError(
      'rule_incomplete',
      `rule "${rule.name}": a label is capitals, digits, space, - and _`,
    );
  }
  if (rule.action.kind === 'hash' && (options.hashKey === undefined || options.hashKey.length < 32)) {
    throw new MaskingError(
      'key_missing',
      `rule "${rule.name}" hashes, and the plan has no key of 32 bytes or more`,
    );
  }
  if (rule.action.kind === 'token' && options.vault === undefined) {
    throw new MaskingError(
      'vault_missing',
      `rule "${rule.name}" makes tokens, and the plan has no token vault`,
    );
  }
}
