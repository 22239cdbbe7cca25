import type { PinsItself } from './drift.ts';
import { isSuspicious, marksOf } from './marks.ts';
import type { ToolRow } from './table.ts';

/** A definition that was seen. */
interface Seen {
  readonly name: string;
  readonly digest: string;
  readonly canonical: () => string;
}

/** A class of tools whose definitions are pinned without a reviewer, where they have no marks at all. */
export interface PinRule {
  readonly name: string;
  /** Whether a tool is of the class. */
  readonly covers: (tool: string) => boolean;
  /** Whether a definition that takes the place of a pinned one is pinned too; else only a tool's first is. */
  readonly changed: boolean;
}

/** Who pins what without a reviewer. */
export interface Unreviewed {
  readonly firstUse: boolean;
  readonly rules: readonly PinRule[];
  /** Names of all tools that are known: a definition that speaks of another has a mark. */
  readonly names: () => ReadonlySet<string>;
}

/** What of a tool is pinned by itself, and by which rule. What has marks never is, whatever the rule. */
export function pinsItself(
  { firstUse, rules, names }: Unreviewed,
  { name: tool, digest, canonical }: Seen,
  known: ToolRow | undefined,
): { readonly itself: PinsItself; readonly rule?: string } {
  const undecided = known === undefined || known.state === 'awaiting-review';
  const rule = rules.find(({ covers, changed }) => {
    return covers(tool) && (undecided || (changed && known.pinned !== digest));
  });
  if (rule !== undefined) {
    const others = new Set(names());
    others.delete(tool);
    if (marksOf(canonical(), others).length === 0) {
      return { itself: rule.changed ? 'any' : 'first', rule: rule.name };
    }
  }
  return { itself: firstUse && undecided && !isSuspicious(canonical()) && 'first' };
}
