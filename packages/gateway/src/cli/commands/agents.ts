import type { Command } from 'commander';
import { segment } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { readDuration } from '../duration.ts';
import { say, sayJson, sayTable } from '../output.ts';

/** As in the API's answer; only what is shown here. */
export interface AgentAnswer {
  name: string;
  attached: boolean;
  revoked: boolean;
  agentVersion?: string;
  attachedAt?: string;
  certificateExpiresAt?: string;
  clockOffsetMs?: number;
  openChannels: number;
  servers: { name: string; problem: string; probed: boolean }[];
}

interface TokenOptions extends JsonOption {
  agent?: string;
  expires: number;
}

/** `agent-token` and `agents`. */
export function addAgentCommands(program: Command): void {
  addAgentToken(program);
  const agents = program
    .command('agents')
    .summary('list and revoke agents')
    .addHelpText('after', example('agents list'));
  agents
    .command('list')
    .summary('list agents and the servers they expose')
    .option(...JSON_OPTION)
    .addHelpText('after', example('agents list'))
    .action(async (options: JsonOption, command: Command) => {
      const found = await connect(command).all<AgentAnswer>('/agents');
      if (options.json) return sayJson(found);
      sayTable(
        ['NAME', 'STATE', 'VERSION', 'CHANNELS', 'CERTIFICATE UNTIL', 'SERVERS'],
        found.map((agent) => [
          agent.name,
          stateOf(agent),
          agent.agentVersion ?? '',
          String(agent.openChannels),
          agent.certificateExpiresAt ?? '',
          agent.servers
            .map((server) => (server.problem === '' ? server.name : `${server.name} (!)`))
            .join(', '),
        ]),
        'No agent has enrolled. Create a token for one: sallyport-gateway agent-token create --agent <name>',
      );
    });
  agents
    .command('revoke <name>')
    .summary("revoke an agent's certificates and cut its tunnels at once")
    .option(...JSON_OPTION)
    .addHelpText('after', example('agents revoke branch-office'))
    .action(async (name: string, options: JsonOption, command: Command) => {
      const answer = await connect(command).delete<{ name: string }>(`/agents/${segment(name)}`);
      if (options.json) return sayJson(answer);
      say(
        `Agent ${answer.name} is revoked and its tunnels are cut. It can only come back with a new agent-token.`,
      );
    });
}

/** `agent-token create --agent N`, and in short `agent-token --agent N`. */
function addAgentToken(program: Command): void {
  const agentToken = program
    .command('agent-token')
    .summary('create a one-time token with which an agent enrols')
    .addHelpText(
      'after',
      example('agent-token --agent branch-office', 'agent-token create --agent branch-office --expires 1h'),
    );
  agentToken
    .command('create', { isDefault: true })
    .summary('create the token')
    .description('Creates a token with which one agent enrols once. It is shown once.')
    .requiredOption('--agent <name>', 'name of the agent')
    .option('--expires <duration>', 'how long it is valid: 15m, 1h, 7d', readDuration, 3600)
    .option(...JSON_OPTION)
    .addHelpText('after', example('agent-token create --agent branch-office --expires 1h'))
    .action(async (options: TokenOptions, command: Command) => {
      const created = await connect(command).post<{
        id: string;
        agent: string;
        token: string;
        expiresAt: string;
      }>('/agents/tokens', { agent: options.agent, expiresInSeconds: options.expires });
      if (options.json) return sayJson(created);
      say(
        `Created token ${created.id} for agent ${created.agent}, valid once and until ${created.expiresAt}.`,
      );
      say('Give it to sallyport-agent enroll; it is not shown again:');
      say(created.token);
    });
}

function stateOf(agent: AgentAnswer): string {
  if (agent.revoked) return 'revoked';
  return agent.attached ? 'attached' : 'away';
}
