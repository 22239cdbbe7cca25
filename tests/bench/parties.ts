import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { freePort, type StartedProcess, startProcess } from '../conformance/processes.ts';
import { startSubject } from '../conformance/subject.ts';

export const PARTIES = ['direct', 'mcp-proxy', 'supergateway', 'floor', 'sallyport'] as const;
/** `without-log` is only what the log's own cost is measured against (log-cost.ts). */
export type PartyName = (typeof PARTIES)[number] | 'without-log';

/** A way to reach the echo server. */
export interface Party {
  readonly name: PartyName;
  readonly url: string;
  readonly headers: Record<string, string>;
  /** Processes that carry it, by the role to show them under; all that descend from them count as well. */
  readonly roots: readonly { role: string; pid: number }[];
  stop(): Promise<void>;
}

const ECHO_STDIO = join(import.meta.dirname, 'echo/stdio.ts');
const NO_LOG = join(import.meta.dirname, 'no-log.ts');
const SERVER = 'echo';
const READY = /^ready$/;

/**
 * What stands in force in the benchmark: a permit by group, a forbid of other tools, and one that reads the arguments,
 * so that no decision can be remembered.
 */
export const POLICIES: Readonly<Record<string, string>> = {
  'engineers-use-echo':
    'permit (principal in Sallyport::Group::"engineers", action in Sallyport::Action::"use", resource in Sallyport::Server::"echo");',
  'no-deletion':
    'forbid (principal, action == Sallyport::Action::"call", resource) when { resource.name like "delete*" };',
  'no-secrets':
    'forbid (principal, action == Sallyport::Action::"call", resource == Sallyport::Tool::"echo/query") when { context.arguments has text && context.arguments.text like "*secret*" };',
};

export async function startParty(
  name: PartyName,
  profile?: 'gateway' | 'agent',
  folder?: string,
): Promise<Party> {
  switch (name) {
    case 'direct':
      return startDirect();
    case 'mcp-proxy':
      return startMcpProxy();
    case 'supergateway':
      return startSupergateway();
    case 'floor':
      return startFloor();
    case 'sallyport':
      return startSallyport(profile, folder);
    case 'without-log':
      return { ...(await startSallyport(undefined, '.', ['--import', NO_LOG])), name };
  }
}

async function startDirect(): Promise<Party> {
  const port = await freePort();
  const server = await startNode('direct', [join(import.meta.dirname, 'echo/http.ts'), String(port)], READY);
  return partyOf('direct', `http://127.0.0.1:${port}/mcp`, [['server', server]]);
}

async function startMcpProxy(): Promise<Party> {
  const port = await freePort();
  const proxy = await startNode(
    'mcp-proxy',
    [
      join(packageFolder('mcp-proxy'), 'dist/bin/mcp-proxy.mjs'),
      ...['--host', '127.0.0.1', '--port', String(port), '--server', 'stream', '--'],
      ...[process.execPath, ECHO_STDIO],
    ],
    /starting server on port/,
  );
  return partyOf('mcp-proxy', `http://127.0.0.1:${port}/mcp`, [['proxy', proxy]]);
}

async function startSupergateway(): Promise<Party> {
  const port = await freePort();
  const proxy = await startNode(
    'supergateway',
    [
      join(packageFolder('supergateway'), 'dist/index.js'),
      ...[
        '--stdio',
        `${process.execPath} ${ECHO_STDIO}`,
        '--outputTransport',
        'streamableHttp',
        '--stateful',
      ],
      ...['--port', String(port), '--logLevel', 'info'],
    ],
    /Listening on port/,
  );
  return partyOf('supergateway', `http://127.0.0.1:${port}/mcp`, [['proxy', proxy]]);
}

async function startFloor(): Promise<Party> {
  const [port, grpcPort] = [await freePort(), await freePort()];
  const relay = join(import.meta.dirname, 'relay');
  const front = await startNode(
    'floor front',
    [join(relay, 'front.ts'), String(port), String(grpcPort)],
    READY,
  );
  const back = await startNode(
    'floor back',
    [join(relay, 'back.ts'), String(grpcPort), process.execPath, ECHO_STDIO],
    READY,
  );
  return partyOf('floor', `http://127.0.0.1:${port}/mcp`, [
    ['front', front],
    ['back', back],
  ]);
}

async function startSallyport(
  profile?: 'gateway' | 'agent',
  folder = '.',
  preload: readonly string[] = [],
): Promise<Party> {
  const profiling = ['--cpu-prof', '--cpu-prof-dir', folder];
  const subject = await startSubject({
    servers: { [SERVER]: { transport: 'stdio', command: [process.execPath, ECHO_STDIO] } },
    policies: POLICIES,
    gatewayNodeOptions: [...preload, ...(profile === 'gateway' ? profiling : [])],
    ...(profile === 'agent' ? { agentNodeOptions: profiling } : {}),
  });
  return {
    name: 'sallyport',
    url: subject.mcpUrl(SERVER),
    headers: { authorization: `Bearer ${subject.token}` },
    roots: [
      { role: 'gateway', pid: subject.gatewayPid },
      { role: 'agent', pid: subject.agentPid },
    ],
    stop: subject.stop,
  };
}

function startNode(name: string, args: string[], ready: RegExp): Promise<StartedProcess> {
  return startProcess({ name, command: process.execPath, args, ready });
}

function partyOf(name: PartyName, url: string, processes: [role: string, process: StartedProcess][]): Party {
  return {
    name,
    url,
    headers: {},
    roots: processes.map(([role, { pid }]) => ({ role, pid })),
    stop: async () => {
      for (const [, started] of [...processes].reverse()) await started.stop();
    },
  };
}

function packageFolder(name: string): string {
  const require = createRequire(import.meta.url);
  // supergateway does not export its package.json; where Node would look for it is the same for all.
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return dirname(require.resolve(join(folder, name, 'package.json')));
    } catch {
      // Not in this folder.
    }
  }
  throw new Error(`${name} is not installed. Run: pnpm install`);
}
