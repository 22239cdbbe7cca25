import type { Command } from 'commander';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { sayJson, sayTable } from '../output.ts';

/** As in the API's answer. */
interface StatisticsAnswer {
  from: string;
  until: string;
  items: {
    server: string;
    rule: string;
    entity: string;
    detector: string;
    carrier: string;
    at: string;
    count: number;
    lastDay: string;
  }[];
}

interface StatisticsOptions extends JsonOption {
  readonly from?: string;
  readonly until?: string;
  readonly server?: string;
  readonly rule?: string;
}

/** `mask statistics`: how often each rule has hidden something. */
export function addMaskStatistics(mask: Command): void {
  mask
    .command('statistics')
    .summary('count what each rule has hidden; the last 30 days unless told otherwise')
    .option('--from <day>', 'first day, UTC, such as 2026-11-01')
    .option('--until <day>', 'last day')
    .option('--server <name>', 'on this server only')
    .option('--rule <name>', 'of this rule or profile only')
    .option(...JSON_OPTION)
    .addHelpText('after', example('mask statistics --server ledger'))
    .action(async ({ json, from, until, server, rule }: StatisticsOptions, command: Command) => {
      const query = { from, until, server, rule };
      const found = await connect(command).get<StatisticsAnswer>('/masking/statistics', query);
      if (json) return sayJson(found);
      sayTable(
        ['SERVER', 'RULE', 'ENTITY', 'DETECTOR', 'PLACE', 'AT', 'COUNT', 'LAST DAY'],
        found.items.map((each) => [
          each.server,
          each.rule,
          each.entity,
          each.detector,
          each.carrier,
          each.at,
          String(each.count),
          each.lastDay,
        ]),
        `Nothing was hidden from ${found.from} to ${found.until}.`,
      );
    });
}
