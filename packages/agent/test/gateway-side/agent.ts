import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { type RunningAgent, startAgent } from '../../src/index.ts';
import { type Logger, openLogger } from '../../src/telemetry/index.ts';
import { type GatewayOptions, TestGateway } from './gateway.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

/** A server of the fixtures, as agent.yaml describes it. */
export function fixture(script: string, ...args: string[]): object {
  return { transport: 'stdio', command: [process.execPath, join(FIXTURES, script), ...args] };
}

/** A folder that `clean` removes. */
export function scratch(): { path: string; clean: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'sallyport-agent-test-'));
  return { path, clean: () => rmSync(path, { recursive: true, force: true }) };
}

/** A logger that keeps its lines. */
export function listeningLogger(): { log: Logger; lines: Record<string, unknown>[] } {
  const log = openLogger('debug', 'agent');
  const lines: Record<string, unknown>[] = [];
  log.silent = false;
  for (const transport of log.transports) transport.silent = true;
  log.on('data', (line: Record<string, unknown>) => lines.push(line));
  return { log, lines };
}

export interface Pair {
  readonly gateway: TestGateway;
  readonly agent: RunningAgent;
  readonly folder: string;
  readonly configFile: string;
  readonly stateDir: string;
  readonly logLines: Record<string, unknown>[];
  writeConfig(servers: object, more?: object): void;
  stop(): Promise<void>;
}

/** An agent in this process, enrolled at a gateway side of its own. */
export async function startPair(
  servers: object,
  options: GatewayOptions = {},
  more: object = {},
): Promise<Pair> {
  const { path: folder, clean } = scratch();
  const gateway = await TestGateway.start(options);
  const configFile = join(folder, 'agent.yaml');
  const stateDir = join(folder, 'state');
  const writeConfig = (next: object, rest: object = {}): void =>
    writeFileSync(configFile, stringify({ gateway: gateway.address, servers: next, ...rest }));
  writeConfig(servers, more);
  const { log, lines } = listeningLogger();
  const agent = await startAgent({ configFile, stateDir, token: gateway.token(), logger: log });
  return {
    gateway,
    agent,
    folder,
    configFile,
    stateDir,
    logLines: lines,
    writeConfig,
    stop: async () => {
      await agent.stop();
      gateway.stop();
      clean();
    },
  };
}
