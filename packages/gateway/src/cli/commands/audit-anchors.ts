import type { Command } from 'commander';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { complain, say, sayJson } from '../output.ts';

/** As in the API's answers. */
export interface AnchorsStatus {
  maxAgeSeconds: number;
  refuses: boolean;
  met: boolean;
  anchors: {
    name: string;
    kind: string;
    last?: { size: number; at: string; location: string };
    ageSeconds: number;
    problem?: string;
  }[];
}

/** Lines about anchors; complains where one is too old or has a problem. */
export function sayAnchors(status: AnchorsStatus | undefined): void {
  if (status === undefined) {
    say('anchors     none (docs/AUDIT.md, Anchors)');
    return;
  }
  for (const { name, kind, last, problem } of status.anchors) {
    const what = last === undefined ? 'nothing yet' : `${last.size} entries at ${last.at}, ${last.location}`;
    say(`anchor      ${name} (${kind}): ${what}${problem === undefined ? '' : `; ${problem}`}`);
  }
  if (!status.met) {
    const then = status.refuses ? 'Calls are refused.' : 'Calls go on (anchorRefusesCalls is off).';
    complain(`an anchor is older than ${status.maxAgeSeconds} s. ${then}`);
  }
}

/** `audit anchor`: now, and not at the next hour. */
export function addAuditAnchorCommand(audit: Command): void {
  audit
    .command('anchor')
    .summary('sign the audit log as it is now and anchor that everywhere; exits 1 where one fails')
    .option(...JSON_OPTION)
    .addHelpText('after', example('audit anchor'))
    .action(async ({ json }: JsonOption, command: Command) => {
      const status = await connect(command).post<AnchorsStatus>('/audit/anchors', {});
      if (status.anchors.some(({ problem }) => problem !== undefined)) process.exitCode = 1;
      if (json) return sayJson(status);
      sayAnchors(status);
    });
}
