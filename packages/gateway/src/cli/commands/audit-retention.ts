import type { Command } from 'commander';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { say, sayJson, sayTable } from '../output.ts';

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
  dropped?: { entry: number; at: string };
}

interface RetentionAnswer {
  first: number;
  size: number;
  items: PartitionAnswer[];
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
  for (const { name, blockedBy, dropped } of shown) {
    for (const reason of blockedBy) say(`${name} can't go: ${reason}`);
    if (dropped !== undefined) say(`${name} went ${dropped.at}; entry ${dropped.entry} says so.`);
  }
  if (first > 0) say(`The first entry that is left is ${first}.`);
}
