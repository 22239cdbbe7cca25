import { errorText } from '@sallyport/shared/errors';
import { type AgentConfig, readConfig } from '../../config/index.ts';
import { bad, type Check, good } from './check.ts';
import { checkGateway } from './gateway.ts';
import { checkIdentity } from './identity.ts';
import { checkServers } from './servers.ts';

export interface DoctorOptions {
  readonly config: string;
  readonly state: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

/** Checks all there is and tells each as it comes. @returns 1 when something is wrong. */
export async function doctorCommand(options: DoctorOptions): Promise<number> {
  const checks: Check[] = [];
  const tell = (found: readonly Check[]): void => {
    checks.push(...found);
    if (options.json !== true) process.stdout.write(found.map(lines).join(''));
  };
  const config = readIt(options.config, tell);
  const { checks: own, trust } = checkIdentity(options.state, options.tokenFile);
  tell(own);
  for (const address of config?.gateways ?? []) tell(await checkGateway(address, trust));
  if (config !== undefined) tell(await checkServers(config));
  const problems = checks.filter((check) => !check.ok).length;
  if (options.json === true)
    process.stdout.write(`${JSON.stringify({ ok: problems === 0, checks }, undefined, 2)}\n`);
  else
    process.stdout.write(
      problems === 0 ? 'all is well\n' : `${problems} of ${checks.length} checks found a problem\n`,
    );
  return problems === 0 ? 0 : 1;
}

function readIt(file: string, tell: (found: readonly Check[]) => void): AgentConfig | undefined {
  try {
    const { config } = readConfig(file);
    tell([good('configuration', `${file} is valid and exposes ${config.servers.size} servers`)]);
    return config;
  } catch (cause) {
    tell(
      errorText(cause)
        .split('\n')
        .map((problem) => bad('configuration', problem, `Change it in ${file}.`)),
    );
    return undefined;
  }
}

function lines(check: Check): string {
  if (check.ok) return `ok       ${check.name}: ${check.found}\n`;
  return `problem  ${check.name}: ${check.found}\n         → ${check.cure}\n`;
}
