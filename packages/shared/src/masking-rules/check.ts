import { compilePlan, MaskingError, type MaskingErrorCode, type TokenVault } from '../masking/index.ts';
import { engineRule } from './select.ts';
import type { RuleMatchSpec, RuleSpec } from './types.ts';

/** What is wrong with a rule, and where in its document. */
export interface RuleProblem {
  readonly path: string;
  readonly message: string;
}

const MATCHES = [
  'profile',
  'detectors',
  'pattern',
  'keys',
  'paths',
  'columns',
  'dictionary',
  'analyser',
] as const;
const NO_VAULT: TokenVault = { tokenise: () => 'abcdefgh', detokenise: () => undefined };

/** Checks a rule by compiling it, as it will be. What can't be compiled is refused before it is in force. */
export function checkRule(name: string, spec: RuleSpec): RuleProblem[] {
  const given = MATCHES.filter((each) => spec.match[each] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none' : given.join(' and ');
    return [{ path: 'match', message: `must have exactly one of ${MATCHES.join(', ')}; it has ${found}.` }];
  }
  const byName = given.some((each) => each === 'profile' || each === 'detectors' || each === 'analyser');
  if (byName && spec.entity !== undefined) {
    return [
      { path: 'entity', message: 'detectors and analysers name what they find themselves; leave it out.' },
    ];
  }
  if ((spec.match.analyser === undefined) !== (spec.match.entities === undefined)) {
    return [
      {
        path: 'match',
        message: '"analyser" and "entities" belong together: which analyser, and what it is to find.',
      },
    ];
  }
  if (spec.match.analyser !== undefined && spec.scope.direction !== 'to-client') {
    return [
      { path: 'scope.direction', message: 'analysers are at the agent and read what goes to clients only.' },
    ];
  }
  if (spec.label !== undefined && spec.action !== 'redact') {
    return [{ path: 'label', message: 'belongs to the action redact alone.' }];
  }
  if (spec.keep !== undefined && spec.action !== 'partial') {
    return [{ path: 'keep', message: 'belongs to the action partial alone.' }];
  }
  if (spec.action === 'token' && spec.scope.direction !== 'to-client') {
    return [{ path: 'action', message: 'tokens are made at the agent, on the way to clients only.' }];
  }
  try {
    compilePlan({
      rules: [engineRule({ name, spec }, { tokens: true, refuses: true })],
      hashKey: new Uint8Array(32),
      vault: NO_VAULT,
    });
    return [];
  } catch (thrown) {
    if (!(thrown instanceof MaskingError)) throw thrown;
    return [{ path: placeOf(thrown.code, spec.match), message: `${thrown.message}.` }];
  }
}

function placeOf(code: MaskingErrorCode, match: RuleMatchSpec): string {
  if (code === 'unknown_detector') return 'match.detectors';
  if (match.analyser !== undefined) return 'match.entities';
  const key = MATCHES.find((each) => match[each] !== undefined) ?? 'pattern';
  return code === 'rule_incomplete' ? 'entity' : `match.${key}`;
}
