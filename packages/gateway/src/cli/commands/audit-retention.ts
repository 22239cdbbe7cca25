import { stderr } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { type ApiClient, CliError } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { EXPORT_LOOK_MS, PROGRESS_INTERVAL_MS } from '../limits.ts';
import { say, sayJson, sayTable } from '../output.ts';
import { type ProposalAnswer, sayProposal } from './proposals.ts';

/** As in the API's answer. */
interface PartitionAnswer {
  name: string;
  state: string;
  from?: number;
  until?: number;
  bytes: number;
  classes: { name: string; keep: string; entries: number }[];
  dueAt?: string;
  blockedBy: string[];
  exported?: { location: string; manifest: string; verifiedAt: string };
  dropped?: { entry: number; at: string; fields: { export?: string; manifest?: string } };
}

interface RetentionAnswer {
  first: number;
  size: number;
  items: PartitionAnswer[];
  exports: { running?: string; problems: Record<string, string> };
}

/** `audit retention`: how long months of the log are kept. */
export function addAuditRetentionCommands(audit: Command): void {
  const retention = audit
    .command('retention')
    .summary('which months of the log there are, and when each may go')
    .addHelpText('after', example('audit retention status'));
  retention
    .command('status')
    .summary('list the months, oldest first: entries, size, classes, when due and what is in the way')
    .option(...JSON_OPTION)
    .addHelpText('after', example('audit retention status', 'audit retention status --json'))
    .action(async ({ json }: JsonOption, command: Command) => {
      const status = await connect(command).get<RetentionAnswer>('/audit/retention');
      if (json) return sayJson(status);
      sayStatus(status);
    });
  retention
    .command('run')
    .summary('export and verify the oldest month that is due, and propose that it goes')
    .option('--month <name>', 'this one, as status names it')
    .option('--reason <text>', 'for the second person and the record', 'its time of retention is over')
    .option('--dry-run', 'say what would be done')
    .option(...JSON_OPTION)
    .addHelpText('after', example('audit retention run --dry-run', 'audit retention run'))
    .action(run);
}

interface RunOptions extends JsonOption {
  month?: string;
  reason: string;
  dryRun?: boolean;
}

/** Exports the oldest month that is due, or the given one, and proposes that it goes. */
async function run(options: RunOptions, command: Command): Promise<void> {
  const client = connect(command);
  const status = await client.get<RetentionAnswer>('/audit/retention');
  const month =
    options.month === undefined
      ? status.items.find(({ state }) => state === 'due' || state === 'blocked')
      : status.items.find(({ name }) => name === options.month);
  if (month === undefined) {
    if (options.month !== undefined) throw new CliError(`There is no month "${options.month}".`);
    if (options.json) return sayJson({ month: null });
    return say('No month is due.');
  }
  if (month.state !== 'due') {
    const why = month.blockedBy.length > 0 ? month.blockedBy.join('; ') : `it is ${month.state}`;
    throw new CliError(`The month ${month.name} can't go: ${why}.`);
  }
  if (options.dryRun) {
    if (options.json) return sayJson({ month, wouldExport: true, wouldPropose: true });
    const { name, from = 0, until = 0 } = month;
    return say(`${name} would be exported (entries ${from} to ${until - 1}), and its drop proposed.`);
  }
  await client.post('/audit/retention/exports', { partition: month.name });
  await exported(client, month.name, options.json === true);
  const proposal = await client.post<ProposalAnswer>('/audit/retention/drops', {
    partition: month.name,
    reason: options.reason,
  });
  if (options.json) return sayJson(proposal);
  sayProposal(proposal);
  say(`Nothing has gone yet. Somebody else confirms it: sallyport-gateway proposal confirm ${proposal.id}`);
}

/** Waits for a month's export. */
async function exported(client: ApiClient, name: string, quiet: boolean): Promise<void> {
  for (let shownAtMs = performance.now(); ; ) {
    const { exports } = await client.get<RetentionAnswer>('/audit/retention');
    const problem = exports.problems[name];
    if (problem !== undefined) throw new CliError(`The export of ${name} failed: ${problem}`);
    if (exports.running !== name) return;
    if (!quiet && performance.now() - shownAtMs > PROGRESS_INTERVAL_MS) {
      stderr.write(`${name} is being written and verified\n`);
      shownAtMs = performance.now();
    }
    await sleep(EXPORT_LOOK_MS);
  }
}

function sayStatus({ first, items }: RetentionAnswer): void {
  const shown = items.filter(({ state }) => state !== 'empty');
  sayTable(
    ['MONTH', 'STATE', 'ENTRIES', 'MB', 'DUE', 'BECAUSE OF'],
    shown.map(({ name, state, from, until, bytes, classes, dueAt }) => [
      name,
      state,
      from === undefined || until === undefined ? '' : `${from} to ${until - 1}`,
      (bytes / 1e6).toFixed(1),
      dueAt ?? '',
      classes.map((each) => `${each.name} ${each.keep} (${each.entries})`).join(', '),
    ]),
    'The log has no entries.',
  );
  for (const { name, blockedBy, dropped, exported } of shown) {
    for (const reason of blockedBy) say(`${name} can't go: ${reason}`);
    if (dropped !== undefined) {
      say(`${name} went ${dropped.at}; entry ${dropped.entry} says so.`);
      say(`  its export was ${dropped.fields.export ?? '?'}, manifest ${dropped.fields.manifest ?? '?'}`);
    } else if (exported !== undefined) {
      say(`${name} is exported to ${exported.location}, verified ${exported.verifiedAt}`);
    }
  }
  if (first > 0) say(`The first entry that is left is ${first}.`);
}
