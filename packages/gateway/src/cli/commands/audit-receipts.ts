import type { Command } from 'commander';
import { CliError } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { say, sayJson, sayTable } from '../output.ts';

/** As in the API's answers. */
interface ChainAnswer {
  agent: string;
  size: number;
  recorded: number;
  at: string;
  problem?: string;
}
interface ReconciliationAnswer {
  agent: string;
  state: 'done' | 'away' | 'problem';
  detail?: string;
  size: number;
  added: number;
  unmatched: number;
  withReceipt: number;
  withoutReceipt: number;
}

/** `audit receipts` and `audit reconcile`. */
export function addAuditReceiptCommands(audit: Command): void {
  audit
    .command('receipts')
    .summary("say how far agents' receipts of executed calls are known")
    .option(...JSON_OPTION)
    .action(async (options: JsonOption, command: Command) => {
      const { items } = await connect(command).get<{ items: ChainAnswer[] }>('/audit/receipts');
      if (options.json) return sayJson(items);
      sayTable(
        ['AGENT', 'RECEIPTS', 'IN THE LOG', 'HEARD', 'PROBLEM'],
        items.map((each) => [
          each.agent,
          String(each.size),
          String(each.recorded),
          each.at,
          each.problem ?? '',
        ]),
        'No agent has shown receipts yet.',
      );
    });
  audit
    .command('reconcile <agent>')
    .summary("compare an agent's receipts with the log now; exits 1 where they do not agree")
    .option(...JSON_OPTION)
    .addHelpText('after', example('audit reconcile vault-room'))
    .action(async (agent: string, options: JsonOption, command: Command) => {
      const done = await connect(command).post<ReconciliationAnswer>('/audit/receipts/reconcile', { agent });
      if (options.json) sayJson(done);
      else sayReconciliation(done);
      if (done.state === 'away') throw new CliError(`${agent} is not attached, or did not answer in time`);
      if (done.state === 'problem')
        throw new CliError(`the receipts of ${agent} are not believed: ${done.detail}`);
      if (done.unmatched > 0)
        throw new CliError(`${agent} executed ${done.unmatched} calls that the log has no intent of`);
    });
}

function sayReconciliation({
  agent,
  state,
  size,
  added,
  unmatched,
  withReceipt,
  withoutReceipt,
}: ReconciliationAnswer): void {
  if (state !== 'done') return;
  say(`${agent}: ${size} receipts, ${added} of them new.`);
  if (unmatched === 0) say('Each new one is of a call that the log has an intent of.');
  if (withReceipt + withoutReceipt > 0)
    say(`Of calls that had ended as unknown, ${withReceipt} had begun there and ${withoutReceipt} had not.`);
}
