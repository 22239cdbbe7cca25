import { stderr } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { ApiClient, Query } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { FOLLOW_INTERVAL_MS, PAGE_ITEMS } from '../limits.ts';
import { complain, say, sayJson, sayTable } from '../output.ts';
import { type AnchorsStatus, addAuditAnchorCommand, sayAnchors } from './audit-anchors.ts';
import { addExportCommand } from './audit-export.ts';
import { addAuditReceiptCommands } from './audit-receipts.ts';
import { addAuditRecordCommands } from './audit-records.ts';
import { addAuditRetentionCommands } from './audit-retention.ts';
import { addAuditTimelineCommand } from './audit-timeline.ts';
import { type QuorumStatus, sayWitnesses } from './audit-witnesses.ts';

/** As in the API's answer; only what is shown here. */
interface EntryAnswer {
  seq: number;
  ts: string;
  kind: string;
  entry: {
    actor?: { name: string; token?: string };
    server?: string;
    tool?: string;
    method?: string;
    decision?: { effect: string; reasons: string[] };
    outcome?: { transport: string; rpc?: string; tool?: string };
  };
}

interface EntryOptions extends JsonOption {
  kind?: string;
  principal?: string;
  server?: string;
  tool?: string;
  session?: string;
  call?: string;
  from?: string;
  until?: string;
  limit: number;
  follow?: boolean;
}

interface LogStatus {
  origin: string;
  size: number;
  first: number;
  healthy: boolean;
  signed: boolean;
  problem?: string;
  problemSeconds?: number;
  keys: string[];
  checkpoint?: { number: number; size: number; ts: string; note: string };
  witnesses?: QuorumStatus;
  anchors?: AnchorsStatus;
  disk?: { freePercent: number; low: boolean; refuses: boolean; problem?: string };
  forwarding: { target: string; confirmed: number; waiting: number; problem?: string }[];
}

/** `audit`: reading the log, which is itself recorded; how it stands, its checkpoints, and taking it away whole. */
export function addAuditCommands(program: Command): void {
  const audit = program
    .command('audit')
    .summary('read the audit log')
    .addHelpText('after', example('audit entries --follow'));
  audit
    .command('entries')
    .alias('search')
    .summary('search the audit log, newest first')
    .description(
      'Searches the audit log, newest first. All filters given must match. Reading is itself recorded.',
    )
    .option('--kind <kind>', 'such as call.outcome, decision.deny, config.change')
    .option('--principal <name>', 'who')
    .option('--server <name>', 'which server')
    .option('--tool <name>', 'which tool')
    .option('--session <id>', 'which session')
    .option('--call <id>', 'which call')
    .option('--agent <name>', 'which agent')
    .option('--decision <effect>', 'allow, deny or hold')
    .option('--policy <name>', 'decided by this policy')
    .option('--approval <id>', 'under this approval')
    .option('--grant <id>', 'under this grant')
    .option('--finding <name>', 'in which this masking rule or entity was found, such as PCI or PAN')
    .option('--ending <how>', 'answered, not_sent, unknown, withheld or cancelled')
    .option('--text <words>', 'with these words in the masked request or answer')
    .option('--from <instant>', 'from this RFC 3339 instant or day on')
    .option('--until <instant>', 'before this RFC 3339 instant or day')
    .option('--limit <n>', `how many at most, up to ${PAGE_ITEMS}`, readLimit, 50)
    .option('--follow', 'go on with new entries as they are recorded, oldest first; with --json a line each')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      example('audit entries --kind decision.deny --from 2026-01-31 --json', 'audit entries --follow'),
    )
    .action(async (options: EntryOptions, command: Command) => {
      const client = connect(command);
      const { json, follow, limit, ...filters } = options;
      if (follow) return await followEntries(client, filters, limit, json === true);
      const found = await searchEntries(client, filters, limit);
      if (json) return sayJson(found);
      sayTable(['SEQ', 'TIME', 'KIND', 'WHO', 'WHAT'], found.map(entryRow), 'No entries match.');
    });
  addStatusCommands(audit);
  addAuditRecordCommands(audit);
  addAuditReceiptCommands(audit);
  addAuditTimelineCommand(audit);
  addAuditAnchorCommand(audit);
  addAuditRetentionCommands(audit);
  addExportCommand(audit);
}

function addStatusCommands(audit: Command): void {
  audit
    .command('status')
    .summary('say how the audit log is; exit code 1 when it is not signed')
    .option(...JSON_OPTION)
    .addHelpText('after', example('audit status'))
    .action(async ({ json }: JsonOption, command: Command) => {
      const status = await connect(command).get<LogStatus>('/audit/status');
      if (!status.signed || !status.healthy) process.exitCode = 1;
      if (json) return sayJson(status);
      const { checkpoint } = status;
      say(`log         ${status.origin}`);
      const gone = `; those before ${status.first} are gone, exported (audit retention status)`;
      say(`entries     ${status.size}${status.first === 0 ? '' : gone}`);
      say(
        `checkpoint  ${checkpoint === undefined ? 'none yet in this run' : `${checkpoint.size} entries, signed ${checkpoint.ts}`}`,
      );
      for (const key of status.keys) say(`key         ${key}`);
      sayWitnesses(status.witnesses);
      sayAnchors(status.anchors);
      sayDisk(status.disk);
      for (const { target, confirmed, waiting, problem } of status.forwarding)
        say(
          `forwarding  ${target}: ${confirmed} entries, ${waiting} wait${problem === undefined ? '' : `; ${problem}`}`,
        );
      if (status.problem !== undefined) {
        const then = status.healthy ? 'Calls go on for a while.' : 'Calls are refused.';
        complain(`not signed for ${status.problemSeconds} s: ${status.problem} ${then}`);
      }
    });
  audit
    .command('checkpoint')
    .summary('sign the audit log as it is now, and print the signed note with its countersignatures')
    .option(...JSON_OPTION)
    .addHelpText('after', example('audit checkpoint > checkpoint.txt'))
    .action(async ({ json }: JsonOption, command: Command) => {
      const checkpoint = await connect(command).post<{ note: string }>('/audit/checkpoints', {});
      if (json) sayJson(checkpoint);
      else say(checkpoint.note.trimEnd());
    });
}

function sayDisk(disk: LogStatus['disk']): void {
  if (disk === undefined) return;
  say(`disk        ${disk.freePercent} % free`);
  if (disk.low) process.exitCode = 1;
  if (disk.problem !== undefined) complain(disk.problem);
  else if (disk.refuses) complain('the disk of the log is full: calls are refused. Make room.');
  else if (disk.low) complain('the disk of the log is nearly full. Make room; at 2 % calls are refused.');
}

/** The newest that match. A page may come early with few or none: then the search goes on from there. */
async function searchEntries(client: ApiClient, filters: Query, limit: number): Promise<EntryAnswer[]> {
  const found: EntryAnswer[] = [];
  let after: string | undefined;
  do {
    const query = { ...filters, limit: limit - found.length, after };
    const page = await client.get<{ items: EntryAnswer[]; next?: string }>('/audit/entries', query);
    found.push(...page.items);
    after = page.next;
    if (after !== undefined && found.length < limit && stderr.isTTY)
      stderr.write(`\rsearched down to ${after}`);
  } while (after !== undefined && found.length < limit);
  if (stderr.isTTY) stderr.write('\r');
  return found;
}

/**
 * Prints entries as they come, until interrupted. It asks the log's size, which is not recorded, and reads only when
 * the log has grown by more than this command's own reading, so that watching an idle log does not fill it.
 */
async function followEntries(
  client: ApiClient,
  filters: Query,
  limit: number,
  json: boolean,
): Promise<never> {
  const own = await client.get<{ token: { id: string } }>('/me');
  const size = async (): Promise<number> => (await client.get<{ log: { size: number } }>('/status')).log.size;
  const print = (entries: readonly EntryAnswer[]): void => {
    for (const entry of entries) {
      if (entry.kind === 'log.read' && entry.entry.actor?.token === own.token.id) continue;
      if (json) sayJson(entry);
      else say(entryRow(entry).join('  ').trimEnd());
    }
  };
  let seen = await size();
  let after = seen - 1;
  // What was there before is shown up to the limit, without the entry of this very reading; from `after` on, everything.
  const past = await client.get<{ items: EntryAnswer[] }>('/audit/entries', {
    ...filters,
    limit: Math.min(limit + 1, PAGE_ITEMS),
  });
  seen += 1;
  print(
    past.items
      .filter((entry) => entry.seq <= after)
      .slice(0, limit)
      .reverse(),
  );
  for (;;) {
    const now = await size();
    if (now > seen) {
      const query = { ...filters, order: 'oldest', limit: PAGE_ITEMS, ...(after < 0 ? {} : { after }) };
      const page = await client.get<{ items: EntryAnswer[] }>('/audit/entries', query);
      seen = now + 1;
      print(page.items);
      after = page.items.at(-1)?.seq ?? after;
      if (page.items.length === PAGE_ITEMS) seen = 0;
    }
    await sleep(FOLLOW_INTERVAL_MS);
  }
}

function entryRow({ seq, ts, kind, entry }: EntryAnswer): string[] {
  const what = [
    entry.server,
    entry.tool ?? entry.method,
    entry.decision === undefined
      ? undefined
      : `${entry.decision.effect} (${entry.decision.reasons.join(', ')})`,
    entry.outcome === undefined ? undefined : entry.outcome.transport,
  ];
  return [
    String(seq),
    ts,
    kind,
    entry.actor?.name ?? '',
    what.filter((part) => part !== undefined).join(' '),
  ];
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= PAGE_ITEMS) return limit;
  throw new InvalidArgumentError(`Give a number from 1 to ${PAGE_ITEMS}.`);
}
