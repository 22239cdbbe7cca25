import { randomBytes } from 'node:crypto';
import type { Clock } from '@sallyport/shared/clock';
import type { MaskResult, ProfileName } from '@sallyport/shared/masking';
import {
  type MaskScope,
  maskWithin,
  type NamedRule,
  Plans,
  type RuleSet,
} from '@sallyport/shared/masking-rules';

/** What is tried: plain text, as a text block would hold it, or the raw text of a whole message. */
export type Sample = { readonly text: string } | { readonly message: string };

/** Rules to try it with: those in force for a call, or profiles and rules that are only being thought about. */
export type TrialRules =
  | { readonly set: RuleSet; readonly scope: MaskScope }
  | { readonly profiles: readonly ProfileName[]; readonly rules: readonly NamedRule[] };

/** What masking would make of it. `masked` is empty where it would be withheld. */
export interface Trial {
  readonly masked: string;
  readonly findings: MaskResult['findings'];
  readonly refused?: MaskResult['refused'];
}

const NAME = 'trial';

/**
 * Masks a sample with rules, in force or not. Nothing is stored or sent; tokens are shown as redactions, because the
 * map that makes them is at the agent; analysers are there too, and are not asked.
 *
 * @throws MaskingError where a rule can't be compiled
 */
export function tryMasking(sample: Sample, given: TrialRules, clock: Clock): Trial {
  const { set, scope } = 'set' in given ? given : thought(given);
  // With the real key, whoever may try rules could try out which value a recorded hash is of.
  const plan = new Plans(set, { hashKey: randomBytes(32), analysersElsewhere: true }).plan(scope);
  const message =
    'message' in sample
      ? sample.message
      : JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: sample.text }] } });
  const { masked, findings, refused } = maskWithin(clock, Buffer.from(message), plan);
  if (refused !== undefined) return { masked: '', findings: [], refused };
  const text = Buffer.from(masked).toString('utf8');
  return { masked: 'text' in sample ? textOf(text) : text, findings };
}

function thought(given: Extract<TrialRules, { profiles: unknown }>): { set: RuleSet; scope: MaskScope } {
  return {
    set: { version: 0, servers: { [NAME]: { profiles: given.profiles } }, rules: given.rules },
    scope: { server: NAME, tool: '*', groups: 'any', direction: 'to-client' },
  };
}

function textOf(message: string): string {
  // Cast: the message made above, masked, which keeps its shape.
  const { result } = JSON.parse(message) as { result: { content: readonly { text?: string }[] } };
  return result.content[0]?.text ?? '';
}
