import { NAMED_MAX } from './limits.ts';
import type { Proven } from './verify.ts';

/** A statement, and what belongs to it. */
export interface Statement {
  readonly text: string;
  readonly more: readonly string[];
}

/** What the verifier says of an export that it has proven: the command as text, the page for browsers as lists. */
export interface Report {
  readonly heading: string;
  readonly proven: readonly Statement[];
  /** What nobody has proven. */
  readonly open: readonly string[];
}

/** Policies are not evaluated here. */
const HOLDING_OPEN =
  'that policy held each call that it should have: `sallyport-gateway policy` has the policies of a version';

/** The report in words. */
export function reportOf(proven: Proven): Report {
  const { witnesses, receipts, anchors } = proven;
  return {
    heading: `PROVEN: ${proven.origin}`,
    proven: [...logStatements(proven), ...besideStatements(proven)],
    open: [...beforeOpen(proven), ...witnesses.open, ...receipts.open, ...anchors.open, HOLDING_OPEN],
  };
}

/** The report as the command prints it. */
export function reportText(proven: Proven): string {
  const report = reportOf(proven);
  const lines = [
    report.heading,
    ...report.proven.flatMap(({ text, more }) => [`  ${text}`, ...more.map((each) => `    ${each}`)]),
    'NOT PROVEN BY THIS:',
    ...report.open.map((what) => `  - ${what}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** What an export that begins behind the log's first entry leaves open. */
function beforeOpen({ from, calls }: Proven): string[] {
  if (from === 0) return [];
  const open = [
    `what entries 0 to ${from - 1} are: this export begins later. They are those of an earlier export when its checkpoints.ndjson, given with --anchor, agrees`,
  ];
  if (calls.begunBefore > 0)
    open.push(`the intents of ${calls.begunBefore} calls that began before this export`);
  if (calls.askedBefore > 0)
    open.push(`the approvals of ${calls.askedBefore} held calls that were asked for before this export`);
  return open;
}

/** What entries and checkpoints prove. */
function logStatements(proven: Proven): Statement[] {
  const { calls, entries } = proven;
  const { from } = proven;
  const span = entries === 0 ? '' : `, from ${proven.first} to ${proven.last}`;
  const which = from === 0 ? '' : ` (${from} to ${from + entries - 1} of the log)`;
  const { open } = calls;
  return [
    said(`${entries} entries${which}, none missing${span}`),
    said(`root ${proven.root}`),
    said(
      `${proven.checkpoints} checkpoints agree with them; the last was signed at ${new Date(proven.signedAtMs).toISOString()}`,
    ),
    said(
      `${calls.intents} calls: ${calls.outcomes} with an outcome, ${calls.indeterminate} indeterminate, ${open.length} under way at the end`,
      open.length === 0
        ? []
        : [
            `under way: the calls of entries ${open.slice(0, NAMED_MAX).join(', ')}${open.length > NAMED_MAX ? ', …' : ''}`,
          ],
    ),
    ...(calls.approved === 0
      ? []
      : [
          said(
            `${calls.approved} calls were held: each had its approval, by others than who asked, once, for exactly that`,
          ),
        ]),
    said(
      proven.keysGiven
        ? 'signed by the keys you gave'
        : 'signed by these keys, which come from the export itself: compare them with what you have from elsewhere',
      proven.keys,
    ),
  ];
}

/** What witnesses, receipts, anchors and bodies prove. */
function besideStatements({
  witnesses: { witnesses, quorum },
  receipts,
  anchors,
  kept,
  from,
  entries,
}: Proven): Statement[] {
  const statements: Statement[] = [];
  const end = from + entries;
  if (quorum !== undefined) {
    const rest =
      quorum.entries === end ? [] : [`not yet countersigned: entries ${quorum.entries} to ${end - 1}`];
    statements.push(
      said(
        `countersigned by the quorum "${quorum.name}" up to entry ${quorum.entries - 1} (checkpoint ${quorum.checkpoint})`,
        rest,
      ),
    );
  }
  const seen = witnesses.map(
    ({ name, kind, cosigned, size, atMs }) =>
      `${kind} ${name}: ${cosigned} checkpoints, the last of ${size} entries at ${new Date(atMs).toISOString()}`,
  );
  if (seen.length > 0) statements.push(said('countersigned by', seen));
  if (receipts.agents > 0)
    statements.push(
      said(`${receipts.receipts} receipts of ${receipts.agents} agents agree: no call ran without an intent`),
    );
  if (anchors.given > 0)
    statements.push(
      said(`${anchors.given} checkpoints kept elsewhere agree, up to entry ${anchors.entries - 1}`),
    );
  for (const { by, entries: covered, atMs, trusted } of anchors.stamps)
    statements.push(
      said(
        `time stamped up to entry ${covered - 1} at ${new Date(atMs).toISOString()} by ${by}${trusted ? '' : ' (not compared with anything you gave)'}`,
      ),
    );
  if (kept.bodies > 0) statements.push(said(`${kept.bodies} bodies are the ones that entries name`));
  if (kept.sealed > 0)
    statements.push(said(`${kept.sealed} sealed originals are here; only the master key opens them`));
  return statements;
}

function said(text: string, more: readonly string[] = []): Statement {
  return { text, more };
}
