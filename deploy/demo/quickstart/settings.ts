import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartError } from './errors.ts';

/** Where the quick start works and keeps its things. Only this file reads the environment. */
export interface Settings {
  readonly workspace: string;
  readonly dataDir: string;
  readonly port: number;
  readonly tunnelPort: number;
  /** What children inherit: our environment without the package manager's own variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** A package manager started us, so its end is ours. */
  readonly launched: boolean;
  readonly paths: Paths;
}

export interface Paths {
  readonly quickstartFile: string;
  /** What the last start left: its tokens, until this one is ready. */
  readonly earlierFile: string;
  readonly lockFile: string;
  readonly logs: string;
  readonly agentConfig: string;
  readonly agentState: string;
  readonly agentTokenFile: string;
  readonly bootstrapTokenFile: string;
  /** The quick start's own notes: what it has written, so that edits can be told apart. */
  readonly notesFile: string;
  readonly samples: string;
  /** Written by the gateway: the URL of the demo bank's database. */
  readonly bankDatabaseFile: string;
}

/**
 * Reads `SALLYPORT_DATA_DIR`, `SALLYPORT_PORT` and `SALLYPORT_TUNNEL_PORT`.
 *
 * @throws StartError `setting` naming the variable.
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const workspace = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
  const dataDir = environment.SALLYPORT_DATA_DIR
    ? resolve(environment.SALLYPORT_DATA_DIR)
    : join(workspace, '.sallyport');
  const port = readPort(environment, 'SALLYPORT_PORT', 7400);
  const tunnelPort = readPort(environment, 'SALLYPORT_TUNNEL_PORT', 7401);
  if (port === tunnelPort) {
    throw new StartError(
      'setting',
      `SALLYPORT_PORT and SALLYPORT_TUNNEL_PORT are both ${port}; they must differ.`,
    );
  }
  return {
    workspace,
    dataDir,
    port,
    tunnelPort,
    environment: inherited(environment),
    launched: environment.npm_lifecycle_event !== undefined,
    paths: {
      quickstartFile: join(dataDir, 'quickstart.json'),
      earlierFile: join(dataDir, 'quickstart-earlier.json'),
      lockFile: join(dataDir, 'quickstart.lock'),
      logs: join(dataDir, 'logs'),
      agentConfig: join(dataDir, 'agent.yaml'),
      agentState: join(dataDir, 'agent'),
      agentTokenFile: join(dataDir, 'agent-enrolment.token'),
      bootstrapTokenFile: join(dataDir, 'bootstrap.token'),
      notesFile: join(dataDir, 'quickstart-notes.json'),
      samples: join(dataDir, 'samples'),
      bankDatabaseFile: join(dataDir, 'core-banking.url'),
    },
  };
}

function readPort(environment: NodeJS.ProcessEnv, name: string, byDefault: number): number {
  const text = environment[name];
  if (text === undefined || text === '') return byDefault;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new StartError('setting', `${name} is ${JSON.stringify(text)}; it must be a port from 1 to 65535.`);
}

function inherited(environment: NodeJS.ProcessEnv): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    // npm's and pnpm's variables describe the start script; NODE_CHANNEL_* would give away a channel of ours.
    if (value !== undefined && !/^(npm_|pnpm_|NODE_CHANNEL_|INIT_CWD$)/i.test(name)) kept[name] = value;
  }
  return kept;
}
