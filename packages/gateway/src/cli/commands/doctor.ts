import type { Command } from 'commander';
import { findGateway } from '../../config/client.ts';
import { GATEWAY_VERSION } from '../../version.ts';
import type { ApiClient } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { CLOCK_OFFSET_MAX_MS } from '../limits.ts';
import { say, sayJson } from '../output.ts';
import type { AgentAnswer } from './agents.ts';
import type { ServerAnswer } from './servers.ts';
import type { StatusAnswer } from './status.ts';

/** One thing looked at. `says` is for people: what is so, and for a problem what to do. */
interface Finding {
  check: string;
  ok: boolean;
  says: string;
}

/** `doctor`: what is wrong, in plain words. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .summary('say in plain words what is wrong; exits with 1 if anything is')
    .option(...JSON_OPTION)
    .addHelpText('after', example('doctor'))
    .action(async (options: JsonOption, command: Command) => {
      const findings = await examine(command);
      const problems = findings.filter((finding) => !finding.ok).length;
      if (options.json) sayJson({ ok: problems === 0, findings });
      else {
        for (const { check, ok, says } of findings) say(`${ok ? 'ok     ' : 'PROBLEM'}  ${check}: ${says}`);
        say(
          problems === 0
            ? 'Nothing is wrong.'
            : `${problems === 1 ? '1 problem' : `${problems} problems`} found.`,
        );
      }
      if (problems > 0) process.exitCode = 1;
    });
}

/** Looks from the outside in; where nothing further can be seen, it stops. */
async function examine(command: Command): Promise<Finding[]> {
  const findings: Finding[] = [];
  const look = async (check: string, see: () => Promise<Omit<Finding, 'check'>[]>): Promise<boolean> => {
    try {
      const seen = await see();
      findings.push(...seen.map((each) => ({ check, ...each })));
      return true;
    } catch (thrown) {
      findings.push({ check, ok: false, says: thrown instanceof Error ? thrown.message : String(thrown) });
      return false;
    }
  };
  let client: ApiClient | undefined;
  const found = await look('settings', async () => {
    const { url, foundIn } = findGateway();
    client = connect(command);
    return [good(`${url}, from ${foundIn}`)];
  });
  if (!found || client === undefined) return findings;
  const api = client;
  if (!(await look('token', async () => [await examineToken(api)]))) return findings;
  await look('gateway', () => examineGateway(api));
  await look('agents', () => examineAgents(api));
  await look('servers', () => examineServers(api));
  return findings;
}

async function examineToken(client: ApiClient): Promise<Omit<Finding, 'check'>> {
  const me = await client.get<{
    principal: { name: string; roles: string[] };
    token: { id: string; expiresAt: string };
  }>('/me');
  const roles = me.principal.roles.length === 0 ? 'no role' : me.principal.roles.join(', ');
  return good(`the API knows it as ${me.principal.name} (${roles}), valid until ${me.token.expiresAt}`);
}

async function examineGateway(client: ApiClient): Promise<Omit<Finding, 'check'>[]> {
  const status = await client.get<StatusAnswer>('/status');
  return [
    status.version === GATEWAY_VERSION
      ? good(`version ${status.version}`)
      : bad(
          `it is version ${status.version} and this command is ${GATEWAY_VERSION}. Use the command of the same version.`,
        ),
    status.database.healthy
      ? good('the database answers')
      : bad(
          'the database does not answer, so every call is refused. Start Postgres, or mend SALLYPORT_DATABASE_URL.',
        ),
    ...(status.redis === undefined
      ? []
      : [
          status.redis.healthy
            ? good('Redis answers')
            : bad(
                'Redis does not answer, so calls that a rate limit applies to are refused. Start Redis, or mend SALLYPORT_REDIS_URL.',
              ),
        ]),
    status.log.healthy
      ? good(`the audit log ${status.log.origin} can be written; it has ${status.log.size} entries`)
      : bad(
          `the audit log ${status.log.origin} cannot be written, so every call is refused. Look at the gateway's log.`,
        ),
  ];
}

async function examineAgents(client: ApiClient): Promise<Omit<Finding, 'check'>[]> {
  const agents = (await client.all<AgentAnswer>('/agents')).filter((agent) => !agent.revoked);
  if (agents.length === 0) {
    return [
      bad(
        'none has enrolled. Create a token (agent-token create --agent <name>) and run sallyport-agent enroll.',
      ),
    ];
  }
  return agents.map((agent) => {
    if (!agent.attached) {
      return bad(`${agent.name} is not attached. Start it, or run sallyport-agent doctor where it is.`);
    }
    const offset = agent.clockOffsetMs ?? 0;
    if (Math.abs(offset) > CLOCK_OFFSET_MAX_MS) {
      return bad(
        `the clock of ${agent.name} is ${Math.round(Math.abs(offset) / 1000)} s ${offset > 0 ? 'ahead' : 'behind'}. Synchronise it (NTP).`,
      );
    }
    return good(`${agent.name} is attached, with ${agent.servers.length} servers`);
  });
}

async function examineServers(client: ApiClient): Promise<Omit<Finding, 'check'>[]> {
  const servers = (await client.all<ServerAnswer>('/servers')).filter((server) => server.enabled);
  if (servers.length === 0) return [bad('none is registered. Apply a document of kind Server.')];
  return servers.map((server) =>
    server.problem === ''
      ? good(`${server.name} can be used at ${server.endpoint}`)
      : bad(`${server.name}: ${server.problem}`),
  );
}

function good(says: string): Omit<Finding, 'check'> {
  return { ok: true, says };
}

function bad(says: string): Omit<Finding, 'check'> {
  return { ok: false, says };
}
