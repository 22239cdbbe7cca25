import type { Command } from 'commander';
import { segment } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { say, sayJson, sayTable } from '../output.ts';

interface SessionAnswer {
  id: string;
  principal: { name: string };
  server: string;
  agent?: string;
  client?: string;
  startedAt: string;
  lastUsedAt: string;
}

/** `sessions`: live MCP sessions. */
export function addSessionCommands(program: Command): void {
  const sessions = program
    .command('sessions')
    .summary('list and end live sessions')
    .addHelpText('after', example('sessions list'));
  sessions
    .command('list')
    .summary('list live sessions')
    .option(...JSON_OPTION)
    .addHelpText('after', example('sessions list --json'))
    .action(async (options: JsonOption, command: Command) => {
      const found = await connect(command).all<SessionAnswer>('/sessions');
      if (options.json) return sayJson(found);
      sayTable(
        ['ID', 'PRINCIPAL', 'SERVER', 'CLIENT', 'STARTED', 'LAST USED'],
        found.map((session) => [
          session.id,
          session.principal.name,
          session.server,
          session.client ?? '',
          session.startedAt,
          session.lastUsedAt,
        ]),
        'There are no live sessions.',
      );
    });
  sessions
    .command('kill <id>')
    .summary('end a session at once')
    .option('--reason <text>', 'why, for the record')
    .option(...JSON_OPTION)
    .addHelpText('after', example('sessions kill ses_0123456789ABCDEFGHJK --reason "left the company"'))
    .action(async (id: string, options: JsonOption & { reason?: string }, command: Command) => {
      const answer = await connect(command).delete(`/sessions/${segment(id)}`, { reason: options.reason });
      if (options.json) return sayJson(answer);
      say(`Session ${id} has been ended.`);
    });
}
