import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { type ProcessEntry, processTree } from '../conformance/process-tree.ts';
import { freePort, type StartedProcess, startProcess } from '../conformance/processes.ts';

const ROOT = join(import.meta.dirname, '../..');
const AGENT = 'programs';
/** How long a program may take to be ready: a cold gateway initialises a database, on a machine that does much else. */
const READY_MS = 60_000;
const POLL_MS = 50;

/** The built gateway, on its embedded Postgres, and the built agent, as processes that a test may kill and start again. */
export interface Programs {
  mcp(server: string): string;
  /** Of the group `engineers`. */
  readonly token: string;
  readonly url: string;
  readonly adminToken: string;
  readonly gateway: StartedProcess;
  readonly agent: StartedProcess;
  /** @param env added to its environment, this once */
  startGateway(env?: Readonly<Record<string, string>>): Promise<void>;
  /** @param env added to its environment, this once */
  startAgent(env?: Readonly<Record<string, string>>): Promise<void>;
  /** Resolves when the gateway has the agent and knows its servers. */
  untilAttached(): Promise<void>;
  /** Entries of a kind, oldest first. */
  entries(kind: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

export interface ProgramsOptions {
  /** Without it the gateway starts its own Postgres. */
  readonly databaseUrl?: string;
  /** A module that node loads into both programs before anything of theirs, and what it finds in their environments. */
  readonly preload?: {
    readonly module: string;
    readonly gateway: Readonly<Record<string, string>>;
    readonly agent: Readonly<Record<string, string>>;
  };
}

/** @throws Error where the packages are not built, or with the last output of the program that did not start */
export async function startPrograms(
  servers: Readonly<Record<string, object>>,
  options: ProgramsOptions = {},
): Promise<Programs> {
  for (const built of ['gateway', 'agent']) {
    if (!existsSync(join(ROOT, 'packages', built, 'dist/main.js')))
      throw new Error(`packages/${built} is not built. Run: pnpm build`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-programs-'));
  // The embedded Postgres runs as another user when this one is root, and must get through to its folder.
  chmodSync(folder, 0o711);
  const [port, tunnelPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  let gateway = await runGateway(folder, port, tunnelPort, options);
  const adminToken = await until(async () => {
    const { ok } = await fetch(`${url}/healthz`);
    const file = join(folder, 'bootstrap');
    return ok && existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  }, gateway);
  const api = apiOf(url, adminToken);
  await api('POST', '/apply', { documents: documentsOf(Object.keys(servers)) });
  const { token } = await api('POST', '/tokens', {
    serviceAccount: 'engineer',
    groups: ['engineers'],
    expiresInSeconds: 3600,
  });
  const enrolment = await api('POST', '/agents/tokens', { agent: AGENT });
  mkdirSync(join(folder, 'agent'), { mode: 0o700 });
  writeFileSync(join(folder, 'agent.yaml'), stringify({ gateway: `localhost:${tunnelPort}`, servers }));
  writeFileSync(join(folder, 'agent-token'), String(enrolment.token), { mode: 0o600 });
  let agent = await runAgent(folder, options);

  const programs: Programs = {
    mcp: (server) => `${url}/mcp/${server}`,
    token: String(token),
    url,
    adminToken,
    get gateway() {
      return gateway;
    },
    get agent() {
      return agent;
    },
    async startGateway(env) {
      gateway = await runGateway(folder, port, tunnelPort, options, env);
      await until(async () => ((await fetch(`${url}/healthz`)).ok ? true : undefined), gateway);
    },
    async startAgent(env) {
      agent = await runAgent(folder, options, env);
    },
    async untilAttached() {
      await until(async () => isAttached(await api('GET', '/agents')), agent);
    },
    async entries(kind) {
      const found: Record<string, unknown>[] = [];
      let after = '';
      do {
        const { items, next } = await api(
          'GET',
          `/audit/entries?kind=${kind}&order=oldest&limit=100${after}`,
        );
        // Cast: the API's own shape.
        found.push(...(items as { entry: Record<string, unknown> }[]).map((each) => each.entry));
        after = typeof next === 'string' ? `&after=${next}` : '';
      } while (after !== '');
      return found;
    },
    async stop() {
      await agent.stop();
      await gateway.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await programs.untilAttached();
  return programs;
}

/** Kills a program with SIGKILL and nothing else, and waits until all that were below it have ended by themselves. */
export async function killNine(program: StartedProcess): Promise<void> {
  const tree = processTree(program.pid);
  if (tree.length < 2) throw new Error(`${program.name} has nothing below it that it could leave behind`);
  process.kill(program.pid, 'SIGKILL');
  await untilGone(tree);
}

/** @throws Error with those that still run after the time that a start may take */
export async function untilGone(entries: readonly ProcessEntry[]): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_MS; waitedMs += POLL_MS) {
    if (!entries.some(runs)) return;
    await sleep(POLL_MS);
  }
  throw new Error(`left behind: ${JSON.stringify(entries.filter(runs))}`);
}

/** Whether it is there and no zombie, which has ended and only waits for its parent to take note. */
function runs(entry: ProcessEntry): boolean {
  try {
    const stat = readFileSync(`/proc/${entry.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] !== 'Z' && Number(fields[19]) === entry.startTicks;
  } catch {
    return false;
  }
}

/** Servers of the agent that run this file. */
export function serversBelow(program: StartedProcess, file: string): ProcessEntry[] {
  return processTree(program.pid).filter(({ pid }) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(file);
    } catch {
      return false;
    }
  });
}

function runGateway(
  folder: string,
  port: number,
  tunnelPort: number,
  { databaseUrl, preload }: ProgramsOptions,
  env?: Readonly<Record<string, string>>,
): Promise<StartedProcess> {
  return startProcess({
    name: 'gateway',
    command: process.execPath,
    args: [...imported(preload), join(ROOT, 'packages/gateway/bin/sallyport-gateway.js'), 'serve'],
    cwd: ROOT,
    env: {
      SALLYPORT_HOST: '127.0.0.1',
      SALLYPORT_PORT: String(port),
      SALLYPORT_TUNNEL_HOST: '127.0.0.1',
      SALLYPORT_TUNNEL_PORT: String(tunnelPort),
      SALLYPORT_PUBLIC_URL: `http://127.0.0.1:${port}`,
      SALLYPORT_DATA_DIR: join(folder, 'data'),
      SALLYPORT_QUICKSTART: '1',
      SALLYPORT_BOOTSTRAP_TOKEN_FILE: join(folder, 'bootstrap'),
      SALLYPORT_LOG_LEVEL: 'warn',
      ...(databaseUrl === undefined ? {} : { SALLYPORT_DATABASE_URL: databaseUrl }),
      ...preload?.gateway,
      ...env,
    },
  });
}

function runAgent(
  folder: string,
  { preload }: ProgramsOptions,
  env?: Readonly<Record<string, string>>,
): Promise<StartedProcess> {
  const paths = ['--config', join(folder, 'agent.yaml'), '--state', join(folder, 'agent')];
  return startProcess({
    name: 'agent',
    command: process.execPath,
    args: [
      ...imported(preload),
      join(ROOT, 'packages/agent/bin/sallyport-agent.js'),
      'run',
      ...paths,
      ...['--token-file', join(folder, 'agent-token')],
    ],
    cwd: ROOT,
    env: { SALLYPORT_LOG_LEVEL: 'warn', ...preload?.agent, ...env },
  });
}

function imported(preload: ProgramsOptions['preload']): string[] {
  return preload === undefined ? [] : ['--import', preload.module];
}

function documentsOf(servers: readonly string[]): object[] {
  const cedar = 'permit (principal in Sallyport::Group::"engineers", action, resource);';
  return [
    { kind: 'Group', name: 'engineers', spec: {} },
    ...servers.map((name) => ({ kind: 'Server', name, spec: { agents: [AGENT], pins: 'first-use' } })),
    { kind: 'Policy', name: 'engineers-use-all', spec: { cedar } },
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
    // Cast: the API answers objects, on these routes always.
    return JSON.parse(text) as Record<string, unknown>;
  };
}

function isAttached(answer: Record<string, unknown>): true | undefined {
  // Cast: the API's own shape.
  const agents = answer.items as { attached: boolean; servers: { probed?: boolean }[] }[];
  const agent = agents.find((each) => each.attached);
  return agent !== undefined && agent.servers.length > 0 && agent.servers.every((each) => each.probed)
    ? true
    : undefined;
}

async function until<T>(probe: () => Promise<T | undefined>, program: StartedProcess): Promise<T> {
  let last: unknown;
  for (let waitedMs = 0; waitedMs < READY_MS && !program.ended; waitedMs += POLL_MS) {
    try {
      const found = await probe();
      if (found !== undefined) return found;
    } catch (thrown) {
      last = thrown;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`the ${program.name} was not ready (${String(last)}): ${program.tail()}`);
}
