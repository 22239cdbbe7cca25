import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BANK_MAIN } from './agent-config.ts';
import { ProcessLog } from './logs.ts';
import { Member } from './processes.ts';
import { gatewayUrl } from './quickstart-file.ts';
import type { Settings } from './settings.ts';

/** The quick start's processes. Postgres is the gateway's, the stdio servers are the agent's. */

export function gatewayMember(settings: Settings): Member {
  const { paths } = settings;
  const environment = {
    ...settings.environment,
    SALLYPORT_QUICKSTART: '1',
    SALLYPORT_SUPERVISED: '1',
    SALLYPORT_DATA_DIR: settings.dataDir,
    // Demo tokens over plain HTTP must not leave this machine.
    SALLYPORT_HOST: '127.0.0.1',
    SALLYPORT_PORT: String(settings.port),
    SALLYPORT_TUNNEL_HOST: '127.0.0.1',
    SALLYPORT_TUNNEL_PORT: String(settings.tunnelPort),
    SALLYPORT_TUNNEL_NAMES: 'localhost,127.0.0.1',
    SALLYPORT_PUBLIC_URL: gatewayUrl(settings),
    SALLYPORT_BOOTSTRAP_TOKEN_FILE: paths.bootstrapTokenFile,
    SALLYPORT_DEMO_DATABASE_FILE: paths.bankDatabaseFile,
  };
  return new Member('gateway', new ProcessLog(paths.logs, 'gateway'), () => ({
    args: [join(settings.workspace, 'packages/gateway/bin/sallyport-gateway.js'), 'serve'],
    environment,
    cwd: settings.workspace,
  }));
}

export function agentMember(settings: Settings): Member {
  const { paths } = settings;
  return new Member('agent', new ProcessLog(paths.logs, 'agent'), () => ({
    args: [
      join(settings.workspace, 'packages/agent/bin/sallyport-agent.js'),
      'run',
      ...['--config', paths.agentConfig, '--state', paths.agentState, '--token-file', paths.agentTokenFile],
    ],
    environment: { ...settings.environment, SALLYPORT_SUPERVISED: '1' },
    cwd: settings.workspace,
  }));
}

/** The demo bank over HTTP. `port` is asked at each start. */
export function bankMember(settings: Settings, port: () => number): Member {
  const { paths } = settings;
  return new Member('core-banking-http', new ProcessLog(paths.logs, 'core-banking-http'), () => ({
    args: [BANK_MAIN, '--http', String(port())],
    environment: {
      ...(settings.environment.PATH === undefined ? {} : { PATH: settings.environment.PATH }),
      SALLYPORT_SUPERVISED: '1',
      CORE_BANKING_DATABASE_URL: readText(paths.bankDatabaseFile),
    },
    cwd: settings.dataDir,
  }));
}

/** Empty when the gateway has not written it: the bank then says what is missing to whoever calls it. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
