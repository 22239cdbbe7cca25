import type { Command } from 'commander';
import { segment } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { sayJson, sayTable } from '../output.ts';

/** As in the API's answer. */
interface StepAnswer {
  seq: number;
  ts: string;
  kind: string;
  what: string;
  decision?: string;
  policies?: string[];
  findings?: Record<string, number>;
}

/** `audit timeline`: what happened in one session. */
export function addAuditTimelineCommand(audit: Command): void {
  audit
    .command('timeline <session>')
    .summary('tell what happened in a session, oldest first')
    .option(...JSON_OPTION)
    .addHelpText('after', example('audit timeline ses_0123456789ABCDEFGHJK'))
    .action(async (session: string, { json }: JsonOption, command: Command) => {
      const path = `/audit/sessions/${segment(session)}/timeline`;
      const steps = await connect(command).all<StepAnswer>(path);
      if (json) return sayJson(steps);
      sayTable(
        ['SEQ', 'TIME', 'WHAT', 'DECIDED', 'MASKED'],
        steps.map(({ seq, ts, what, decision, policies, findings }) => [
          String(seq),
          ts,
          what,
          decision === undefined ? '' : `${decision} by ${(policies ?? []).join(', ')}`,
          Object.entries(findings ?? {})
            .map(([rule, count]) => `${rule} ${count}`)
            .join(', '),
        ]),
        'The log has no such session.',
      );
    });
}
