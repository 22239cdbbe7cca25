import type { Command } from 'commander';
import { segment } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { say, sayJson, sayTable } from '../output.ts';

/** As in the API's answer; only what is shown here. */
export interface ServerAnswer {
  name: string;
  enabled: boolean;
  endpoint: string;
  attached: boolean;
  eras: string[];
  protocolVersions: string[];
  problem: string;
  agents: { agent: string; attached: boolean }[];
}

/** `servers`: what clients can reach. */
export function addServerCommands(program: Command): void {
  const servers = program
    .command('servers')
    .summary('list servers and ask agents to probe them')
    .addHelpText('after', example('servers list'));
  servers
    .command('list')
    .summary('list servers and whether they can be reached')
    .option(...JSON_OPTION)
    .addHelpText('after', example('servers list'))
    .action(async (options: JsonOption, command: Command) => {
      const found = await connect(command).all<ServerAnswer>('/servers');
      if (options.json) return sayJson(found);
      sayTable(
        ['NAME', 'AGENTS', 'ERAS', 'ENDPOINT', 'PROBLEM'],
        found.map((server) => [
          server.name,
          server.agents.map(({ agent, attached }) => (attached ? agent : `${agent} (away)`)).join(', '),
          server.eras.join(', '),
          server.endpoint,
          server.problem,
        ]),
        'No servers are registered. Register one with sallyport-gateway apply (kind: Server).',
      );
    });
  servers
    .command('guess <name>')
    .summary('guess what might be declared of the arguments of its tools, and why')
    .description(
      "Prints lines for the Server document's `arguments`: which arguments look like SQL, commands, paths, addresses, " +
        'amounts or batches and are not declared. Nothing is changed. Read them before you apply them: they are guessed ' +
        'by names and by what the server says of itself.',
    )
    .option(...JSON_OPTION)
    .addHelpText('after', example('servers guess ledger'))
    .action(async (name: string, options: JsonOption, command: Command) => {
      const answer = await connect(command).get<{ guesses: unknown[]; yaml: string }>(
        `/servers/${segment(name)}/argument-guesses`,
      );
      if (options.json) return sayJson(answer);
      say(
        answer.guesses.length === 0
          ? `Nothing is guessed of "${name}": its tools have no such arguments, have not been shown yet, or all is declared.`
          : answer.yaml.trimEnd(),
      );
    });
  servers
    .command('probe <name>')
    .summary('ask the agents to look at a server again')
    .option(...JSON_OPTION)
    .addHelpText('after', example('servers probe everything'))
    .action(async (name: string, options: JsonOption, command: Command) => {
      const answer = await connect(command).post<{ agents: string[] }>(`/servers/${segment(name)}/probe`);
      if (options.json) return sayJson(answer);
      say(
        `Asked ${answer.agents.join(', ')} to probe ${name}; sallyport-gateway servers list shows what comes back.`,
      );
    });
}
