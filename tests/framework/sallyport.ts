import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAgent } from '@sallyport/agent';
import { type Gateway, type Settings, startGateway } from '@sallyport/gateway';
import { Client } from 'pg';
import { stringify } from 'yaml';
import { quietLogger, testDatabase } from '../../packages/gateway/test/store/postgres.ts';

export interface Setup {
  /** Servers as in agent.yaml. */
  readonly servers: Readonly<Record<string, object>>;
  /** Members of agent.yaml beside the servers. */
  readonly agent?: object;
  /** Members of the Server documents, by server. */
  readonly documents?: Readonly<Record<string, object>>;
  /** Cedar by name. Default: the group `engineers` may use everything. */
  readonly policies?: Readonly<Record<string, string>>;
  /** ApprovalFlow documents that the policies name, by name. */
  readonly flows?: Readonly<Record<string, object>>;
  /** Settings of the gateway over the usual ones. */
  readonly settings?: Partial<Settings>;
  /** What the gateway is to reach its database through: given its URL, gives the one to use. */
  readonly through?: (databaseUrl: string) => Promise<string>;
  /** Milliseconds to wait until all servers are probed; 0: don't wait. */
  readonly probeMs?: number;
}

/** Gateway and agent in this process, over a real database, real sockets and real server processes. */
export interface Sallyport {
  readonly url: string;
  mcp(server: string): string;
  /** A token of the group `engineers`. */
  readonly token: string;
  readonly adminToken: string;
  readonly gateway: Gateway;
  readonly databaseUrl: string;
  readonly agentStateDir: string;
  /** Another token, of an account with these groups and roles. */
  newToken(name: string, groups: readonly string[], roles?: readonly string[]): Promise<string>;
  api(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  /** All entries, oldest first, as the canonical documents they are. */
  entries(kind?: string): Promise<Record<string, unknown>[]>;
  restartGateway(): Promise<void>;
  stopAgent(): Promise<void>;
  startAgent(): Promise<void>;
  stop(): Promise<void>;
}

const AGENT = 'test-agent';

export async function startSallyport(setup: Setup): Promise<Sallyport> {
  const database = await testDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-e2e-'));
  const bootstrap = join(folder, 'bootstrap');
  const databaseUrl = (await setup.through?.(database.url)) ?? database.url;
  let settings: Settings = { ...settingsFor(folder, databaseUrl, bootstrap), ...setup.settings };
  let gateway = await startGateway(settings, quietLogger);
  // A restart must find the same ports, so that the client and the agent find the gateway.
  settings = { ...settings, port: gateway.port, tunnelPort: gateway.tunnelPort };
  const url = `http://127.0.0.1:${gateway.port}`;
  await gateway.stop();
  settings = { ...settings, publicUrl: url };
  gateway = await startGateway(settings, quietLogger);

  const adminToken = (await readFile(bootstrap, 'utf8')).trim();
  const api = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${adminToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    // Cast: the API answers objects.
    return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
  };
  const ok = async (method: string, path: string, body?: object) => {
    const answer = await api(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  await ok('POST', '/apply', { documents: documentsOf(setup) });
  const newToken = async (name: string, groups: readonly string[], roles: readonly string[] = ['user']) =>
    String(
      (await ok('POST', '/tokens', { serviceAccount: name, groups, roles, expiresInSeconds: 3600 })).token,
    );
  const token = await newToken('engineer', ['engineers']);
  const enrolment = await ok('POST', '/agents/tokens', { agent: AGENT, expiresInSeconds: 600 });
  const config = join(folder, 'agent.yaml');
  await writeFile(
    config,
    stringify({ gateway: `localhost:${gateway.tunnelPort}`, servers: setup.servers, ...setup.agent }),
  );
  const begin = () =>
    startAgent({
      configFile: config,
      stateDir: join(folder, 'agent'),
      token: String(enrolment.token),
      logger: quietLogger,
    });
  let agent: Awaited<ReturnType<typeof startAgent>> | undefined = await begin();
  await untilProbed(ok, setup);

  return {
    url,
    mcp: (server) => `${url}/mcp/${server}`,
    token,
    adminToken,
    get gateway() {
      return gateway;
    },
    databaseUrl: database.url,
    agentStateDir: join(folder, 'agent'),
    newToken,
    api,
    entries: (kind) => entriesOf(database.url, kind),
    async restartGateway() {
      await gateway.stop();
      gateway = await startGateway(settings, quietLogger);
    },
    async stopAgent() {
      await agent?.stop();
      agent = undefined;
    },
    async startAgent() {
      agent = await begin();
    },
    async stop() {
      await agent?.stop();
      await gateway.stop();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function settingsFor(folder: string, databaseUrl: string, bootstrap: string): Settings {
  return {
    host: '127.0.0.1',
    port: 0,
    tunnelHost: '127.0.0.1',
    tunnelPort: 0,
    tunnelNames: ['localhost', '127.0.0.1'],
    publicUrl: 'http://127.0.0.1:1',
    databaseUrl,
    dataDir: folder,
    masterKeyFile: join(folder, 'master.key'),
    deploymentName: 'test',
    quickstart: true,
    bootstrapTokenFile: bootstrap,
    allowedOrigins: [],
    allowedHosts: [],
    logLevel: 'error',
  };
}

function documentsOf(setup: Setup): object[] {
  const policies = setup.policies ?? {
    'engineers-use-everything':
      'permit (principal in Sallyport::Group::"engineers", action in Sallyport::Action::"use", resource);',
  };
  return [
    { kind: 'Group', name: 'engineers', spec: {} },
    ...Object.keys(setup.servers).map((name) => ({
      kind: 'Server',
      name,
      spec: { agents: [AGENT], pins: 'first-use', ...setup.documents?.[name] },
    })),
    ...Object.entries(setup.flows ?? {}).map(([name, spec]) => ({ kind: 'ApprovalFlow', name, spec })),
    ...Object.entries(policies).map(([name, cedar]) => ({ kind: 'Policy', name, spec: { cedar } })),
  ];
}

async function untilProbed(
  ok: (method: string, path: string) => Promise<Record<string, unknown>>,
  setup: Setup,
): Promise<void> {
  const names = Object.keys(setup.servers);
  for (let waitedMs = 0; waitedMs < (setup.probeMs ?? 20_000); waitedMs += 50) {
    const { items } = await ok('GET', '/agents');
    // Cast: the API's own shape.
    const agents = items as { attached: boolean; servers: { name: string; probed: boolean }[] }[];
    const servers = agents.find((each) => each.attached)?.servers ?? [];
    if (names.every((name) => servers.some((server) => server.name === name && server.probed))) return;
    await sleep(50);
  }
  if (setup.probeMs !== 0) throw new Error('the agent did not probe its servers in time');
}

async function entriesOf(databaseUrl: string, kind: string | undefined): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ leaf: string }>(
      'SELECT leaf FROM audit_entries ORDER BY slot, seq',
    );
    // Cast: entries are objects.
    const entries = rows.map((row) => JSON.parse(row.leaf) as Record<string, unknown>);
    return kind === undefined ? entries : entries.filter((entry) => entry.kind === kind);
  } finally {
    await client.end();
  }
}
