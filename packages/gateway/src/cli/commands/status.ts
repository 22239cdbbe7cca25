import type { Command } from 'commander';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { say, sayJson } from '../output.ts';

/** As in the API's answer. */
export interface StatusAnswer {
  version: string;
  publicUrl: string;
  startedAt: string;
  quickstart: boolean;
  database: { healthy: boolean };
  /** Where one is configured. */
  redis?: { healthy: boolean };
  log: { origin: string; size: number; healthy: boolean };
  documents: { version: number };
  policy: { version: string };
  tunnels: { attached: number; agents: string[] };
}

/** `status`: how the gateway is, in a few lines. */
export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .summary('say how the gateway is')
    .option(...JSON_OPTION)
    .addHelpText('after', example('status'))
    .action(async (options: JsonOption, command: Command) => {
      const status = await connect(command).get<StatusAnswer>('/status');
      if (options.json) return sayJson(status);
      const { log, tunnels } = status;
      say(`gateway    ${status.version} at ${status.publicUrl}, running since ${status.startedAt}`);
      say(`database   ${status.database.healthy ? 'answers' : 'DOES NOT ANSWER'}`);
      if (status.redis !== undefined)
        say(`Redis      ${status.redis.healthy ? 'answers' : 'DOES NOT ANSWER'}`);
      say(
        `audit log  ${log.origin}, ${log.size} entries, ${log.healthy ? 'can be written' : 'CANNOT BE WRITTEN'}`,
      );
      say(`documents  version ${status.documents.version}, policy ${status.policy.version}`);
      say(`agents     ${tunnels.attached === 0 ? 'none attached' : tunnels.agents.join(', ')}`);
    });
}
