import { readConfig } from '../config/index.ts';
import type { ServerStatus } from '../probe/index.ts';
import { probeServers } from './probe-servers.ts';

export interface ServersOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** @returns 1 when a server has a problem. @throws ConfigError. */
export async function serversCommand(options: ServersOptions): Promise<number> {
  const { config } = readConfig(options.config);
  const statuses: ServerStatus[] = [];
  await probeServers(config, (_definition, status) => {
    statuses.push(status);
    if (options.json !== true) process.stdout.write(line(status));
  });
  if (options.json === true) process.stdout.write(`${JSON.stringify({ servers: statuses }, undefined, 2)}\n`);
  else if (statuses.length === 0) process.stdout.write(`${options.config} exposes no server\n`);
  return statuses.some((status) => status.problem !== '') ? 1 : 0;
}

function line(status: ServerStatus): string {
  const { name, transport, problem, eras, protocolVersions, serverName, serverVersion } = status;
  const said =
    problem === ''
      ? `${serverName} ${serverVersion}, ${eras.join(' and ')} (${protocolVersions.join(', ')})`
      : `problem: ${problem}`;
  return `${name}  ${transport}  ${said}\n`;
}
