import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import {
  type AgentConfig,
  type ServerDefinition,
  type StdioDefinition,
  searchPath,
} from '../../config/index.ts';
import { probeServers } from '../probe-servers.ts';
import { bad, type Check, good } from './check.ts';

/** For each server: its command and folder, then whether it answers. */
export async function checkServers(config: AgentConfig): Promise<Check[]> {
  const checks: Check[] = [];
  for (const definition of config.servers.values()) {
    if (definition.transport === 'stdio') checks.push(checkFolder(definition), checkCommand(definition));
  }
  await probeServers(config, (definition, status) => {
    const name = `${definition.name} answers`;
    if (status.problem === '') {
      const said = `${status.serverName} ${status.serverVersion}, ${status.eras.join(' and ')}`;
      checks.push(good(name, `${said} (${status.protocolVersions.join(', ')})`));
    } else checks.push(bad(name, status.problem, cureOf(definition)));
  });
  return checks;
}

function checkFolder({ name, cwd }: StdioDefinition): Check {
  const found = statSync(cwd, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return good(`${name} folder`, cwd);
  const problem = found === undefined ? 'does not exist' : 'is not a folder';
  return bad(`${name} folder`, `${cwd} ${problem}`, `Create it or change servers.${name}.cwd in agent.yaml.`);
}

function checkCommand({ name, command, cwd }: StdioDefinition): Check {
  const [program] = command;
  const candidates = program.includes('/')
    ? [isAbsolute(program) ? program : resolve(cwd, program)]
    : searchPath().map((folder) => join(folder, program));
  const found = candidates.find(isExecutable);
  if (found !== undefined) return good(`${name} command`, found);
  const cure = `Install it, give its full path in servers.${name}.command, or put its folder on the agent's PATH.`;
  return bad(`${name} command`, `"${program}" is not found or may not be executed`, cure);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function cureOf(definition: ServerDefinition): string {
  if (definition.transport === 'stdio') {
    return "Run its command by hand in its folder, and look at the agent's log with --log-level debug: it holds the server's stderr.";
  }
  return `Check that the server runs, that ${definition.url} is its MCP endpoint and, if it wants one, the credential.`;
}
