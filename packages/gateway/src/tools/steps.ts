import { type Drifted, type Happening, missed, type Source, seen } from './drift.ts';
import { ToolError } from './errors.ts';
import { TOOLS_PER_SERVER_MAX } from './limits.ts';
import { pinsItself, type Unreviewed } from './rules.ts';
import type { Decision, ToolRow } from './table.ts';

/** A definition that was seen. */
export interface Seen {
  readonly name: string;
  readonly digest: string;
  readonly canonical: () => string;
}

/** What is known of one server's tools, by name. */
export type Rows = ReadonlyMap<string, ToolRow>;

/** What changes for one tool. */
export interface Step {
  readonly tool: string;
  readonly drifted: Drifted;
  readonly decision?: Decision;
  /** The rule of the Server document that pins it. */
  readonly rule?: string;
}

/** One definition for each name: of two under one name, the one that is not pinned counts. */
export function distinct(known: Rows | undefined, shown: readonly Seen[]): Map<string, Seen> {
  const byName = new Map<string, Seen>();
  let room = TOOLS_PER_SERVER_MAX - (known?.size ?? 0);
  for (const each of shown) {
    const row = known?.get(each.name);
    const other = byName.get(each.name);
    if (other !== undefined && row?.pinned === each.digest) continue;
    if (row === undefined && other === undefined && room-- <= 0) continue;
    byName.set(each.name, each);
  }
  return byName;
}

/** What seeing these changes; of a question's answer, also what it lacks. Suspicious definitions never pin themselves. */
export function drift(
  rows: Rows,
  byName: ReadonlyMap<string, Seen>,
  source: Source,
  unreviewed: Unreviewed,
): Step[] {
  const steps: Step[] = [];
  for (const definition of byName.values()) {
    const { name, digest } = definition;
    const known = rows.get(name);
    const { itself, rule } = pinsItself(unreviewed, definition, known);
    const drifted = seen(known, digest, source, itself);
    if (drifted === undefined) continue;
    const ruled = drifted.happening === 'pinned' && rule !== undefined;
    steps.push({ tool: name, drifted, ...(ruled ? { rule } : {}) });
  }
  if (source === 'list') return steps;
  for (const [tool, known] of rows) {
    const drifted = byName.has(tool) ? undefined : missed(known);
    if (drifted !== undefined) steps.push({ tool, drifted });
  }
  return steps;
}

export function happened({
  tool,
  drifted: { known, happening },
}: Step): { tool: string; digest: string; happening: Happening }[] {
  if (happening === undefined) return [];
  return [{ tool, digest: known.seen ?? known.pinned ?? known.first, happening }];
}

/** What may be used of a server, as one text to compare. */
export function usable(rows: Rows | undefined): string {
  const tools = [...(rows?.values() ?? [])].filter(({ state }) => state === 'pinned');
  return tools
    .map(({ tool, pinned: digest }) => `${tool} ${digest}`)
    .sort()
    .join('\n');
}

export function conflict(known: ToolRow, digest: string, pin: boolean): ToolError {
  const now =
    known.seen === undefined
      ? 'the server does not show it now'
      : known.seen === digest
        ? `it is ${known.state} already`
        : `the server shows ${known.seen.slice(0, 12)}… now`;
  return new ToolError(
    'conflict',
    `"${known.tool}" can't be ${pin ? 'pinned' : 'rejected'} as ${digest.slice(0, 12)}…: ${now}. Look at it again.`,
  );
}

/** What is kept of a pin that a rule has made, in the place of a reviewer's decision. */
export function decisionOf(rule: string, nowMs: number): Decision {
  return { by: 'sallyport', atMs: nowMs, reason: `pinned by the rule "${rule}" of the Server document` };
}
