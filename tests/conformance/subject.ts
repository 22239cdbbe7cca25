import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort, type StartedProcess, startProcess } from './processes.ts';

/** A server as `agent.yaml` describes it (DESIGN.md §10). */
export type AgentServer =
  | { transport: 'stdio'; command: string[]; cwd?: string }
  | { transport: 'http'; url: string };

export interface SubjectOptions {
  readonly servers: Readonly<Record<string, AgentServer>>;
  /** Members of the Server documents, by server. */
  readonly documents?: Readonly<Record<string, object>>;
  /** Cedar policies by name. Without any, the group `engineers` may use every server. */
  readonly policies?: Readonly<Record<string, string>>;
  /** Documents beside them. */
  readonly more?: readonly object[];
  /** Port of a pass-through at `localhost` by which clients come too: its Host and Origin are then ours. */
  readonly passThroughPort?: number;
  /** Node's own options for each process, `--cpu-prof` for one. */
  readonly gatewayNodeOptions?: readonly string[];
  readonly agentNodeOptions?: readonly string[];
}

/** Sallyport as its users run it: the built gateway and the built agent, two processes, on their own database. */
export interface Subject {
  mcpUrl(server: string): string;
  /** Of a service account in the group `engineers`. */
  readonly token: string;
  /** Of another account in the group `engineers`. */
  newToken(account: string): Promise<string>;
  readonly gatewayPid: number;
  readonly agentPid: number;
  stop(): Promise<void>;
}

const ROOT = join(import.meta.dirname, '../..');
const GATEWAY = join(ROOT, 'packages/gateway/bin/sallyport-gateway.js');
const AGENT = join(ROOT, 'packages/agent/bin/sallyport-agent.js');
/** As the quick start and the images start both programs: a small young generation, for what they hold resident. */
const NODE_FLAGS = ['--max-semi-space-size=16'];
/** How long the agent may take to enrol, attach and look at its servers. */
const ATTACH_MS = 60_000;
const POLL_MS = 100;
const TOKEN_SECONDS = 86_400;

/**
 * Starts gateway and agent with these servers and a token to call them.
 *
 * @throws Error with the last output of the process that failed.
 */
export async function startSubject(options: SubjectOptions): Promise<Subject> {
  for (const built of ['gateway', 'agent']) {
    if (!existsSync(join(ROOT, 'packages', built, 'dist/main.js'))) {
      throw new Error(`packages/${built} is not built. Run: pnpm build`);
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-subject-'));
  // The embedded Postgres runs as another user when this one is root, and must get through to its folder.
  chmodSync(folder, 0o711);
  const started: StartedProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const each of [...started].reverse()) await each.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return await startBoth(options, folder, started, stop);
  } catch (cause) {
    const tails = started.map((each) => `--- ${each.name}:${each.tail()}`).join('\n');
    await stop();
    throw new Error(`Sallyport did not start: ${cause instanceof Error ? cause.message : cause}\n${tails}`);
  }
}

async function startBoth(
  options: SubjectOptions,
  folder: string,
  started: StartedProcess[],
  stop: () => Promise<void>,
): Promise<Subject> {
  const [port, tunnelPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const bootstrap = join(folder, 'bootstrap-token');
  const gateway = await startProcess({
    name: 'gateway',
    command: process.execPath,
    args: [...NODE_FLAGS, ...(options.gatewayNodeOptions ?? []), GATEWAY, 'serve'],
    cwd: ROOT,
    env: {
      SALLYPORT_HOST: '127.0.0.1',
      SALLYPORT_PORT: String(port),
      SALLYPORT_TUNNEL_HOST: '127.0.0.1',
      SALLYPORT_TUNNEL_PORT: String(tunnelPort),
      SALLYPORT_PUBLIC_URL: url,
      SALLYPORT_DATA_DIR: join(folder, 'data'),
      SALLYPORT_QUICKSTART: '1',
      SALLYPORT_BOOTSTRAP_TOKEN_FILE: bootstrap,
      SALLYPORT_LOG_LEVEL: 'warn',
      ...(options.passThroughPort === undefined ? {} : passThrough(options.passThroughPort)),
    },
  });
  started.push(gateway);
  const adminToken = await untilReady(gateway, async () => {
    const alive = await fetch(`${url}/healthz`).then((answer) => answer.ok);
    return alive && existsSync(bootstrap) ? readFileSync(bootstrap, 'utf8').trim() : undefined;
  });
  const call = apiOf(url, adminToken);
  await call('POST', '/apply', { documents: documentsFor(options) });
  const newToken = async (serviceAccount: string): Promise<string> => {
    const account = { serviceAccount, groups: ['engineers'], expiresInSeconds: TOKEN_SECONDS };
    return String((await call('POST', '/tokens', account)).token);
  };
  const token = await newToken('load');
  const enrolment = await call('POST', '/agents/tokens', { agent: 'subject' });

  const state = join(folder, 'agent');
  mkdirSync(state, { mode: 0o700 });
  writeFileSync(
    join(folder, 'agent.yaml'),
    stringify({ gateway: `localhost:${tunnelPort}`, servers: options.servers }),
  );
  writeFileSync(join(folder, 'agent-token'), String(enrolment.token), { mode: 0o600 });
  const agent = await startProcess({
    name: 'agent',
    command: process.execPath,
    args: [
      ...NODE_FLAGS,
      ...(options.agentNodeOptions ?? []),
      AGENT,
      'run',
      ...['--config', join(folder, 'agent.yaml')],
      ...['--state', state],
      ...['--token-file', join(folder, 'agent-token')],
    ],
    cwd: ROOT,
    env: { SALLYPORT_LOG_LEVEL: 'warn' },
  });
  started.push(agent);
  await untilReady(agent, async () => attached(await call('GET', '/agents')));
  return {
    mcpUrl: (server) => `${url}/mcp/${server}`,
    token,
    newToken,
    gatewayPid: gateway.pid,
    agentPid: agent.pid,
    stop,
  };
}

function passThrough(port: number): Record<string, string> {
  return {
    SALLYPORT_ALLOWED_HOSTS: `localhost:${port}`,
    SALLYPORT_ALLOWED_ORIGINS: `http://localhost:${port}`,
  };
}

function documentsFor(options: SubjectOptions): object[] {
  const servers = Object.keys(options.servers);
  const policies = options.policies ?? {
    'engineers-use-all': 'permit (principal in Sallyport::Group::"engineers", action, resource);',
  };
  return [
    { kind: 'Group', name: 'engineers', spec: {} },
    ...servers.map((name) => ({
      kind: 'Server',
      name,
      spec: { agents: ['subject'], pins: 'first-use', ...options.documents?.[name] },
    })),
    ...Object.entries(policies).map(([name, cedar]) => ({ kind: 'Policy', name, spec: { cedar } })),
    ...(options.more ?? []),
  ];
}

type Api = (method: 'GET' | 'POST', path: string, body?: object) => Promise<Record<string, unknown>>;

function apiOf(url: string, token: string): Api {
  return async (method, path, body) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    // The API answers objects, on these routes always.
    return JSON.parse(text) as Record<string, unknown>;
  };
}

/**
 * The agent is attached and knows which eras each of its servers speaks, so that a first call does not wait.
 *
 * @throws Error with what the gateway says of the agents while that isn't so.
 */
function attached(answer: Record<string, unknown>): true {
  const agents = answer.items as { attached: boolean; servers: { probed?: boolean }[] }[];
  const agent = agents.find((each) => each.attached);
  if (agent?.servers.every((server) => server.probed !== false)) return true;
  throw new Error(`the gateway says: ${JSON.stringify(agents)}`);
}

async function untilReady<T>(process_: StartedProcess, probe: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + ATTACH_MS;
  let last: unknown = 'no answer yet';
  while (Date.now() < deadline && !process_.ended) {
    try {
      const found = await probe();
      if (found !== undefined) return found;
    } catch (cause) {
      last = cause;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const why = process_.ended ? 'ended' : `was not ready in ${ATTACH_MS / 1000} s`;
  throw new Error(`the ${process_.name} ${why} (${last instanceof Error ? last.message : String(last)})`);
}
