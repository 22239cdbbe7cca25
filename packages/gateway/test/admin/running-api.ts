import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import { type Admin, type AdminRooms, createAdmin } from '../../src/admin/index.ts';
import { type AuditOptions, openAudit } from '../../src/audit/index.ts';
import { openIdentity } from '../../src/identity/index.ts';
import { joinMasking } from '../../src/join-masking.ts';
import { checkFit } from '../../src/join-policy.ts';
import { joinReceipts } from '../../src/join-receipts.ts';
import { joinRecords } from '../../src/join-records.ts';
import { joinRetention, receiptLines, retentionClasses } from '../../src/join-retention.ts';
import { joinTools } from '../../src/join-tools.ts';
import { MaskingStatistics } from '../../src/masking/index.ts';
import { createPolicy } from '../../src/policy/index.ts';
import { openProposals } from '../../src/proposal/index.ts';
import type { Receipts } from '../../src/receipt/index.ts';
import { openRegistry, type Registry, ROLES, type Role, type Snapshot } from '../../src/registry/index.ts';
import { SessionStore, Sessions } from '../../src/session/index.ts';
import { sessionsView } from '../../src/sessions-view.ts';
import { openSealer, openStore, type Sealer } from '../../src/store/index.ts';
import { postgresAgentStore, startTunnel } from '../../src/tunnel/index.ts';
import { GATEWAY_VERSION } from '../../src/version.ts';
import { quietLogger as logger, temporaryFolder, testDatabase } from '../store/postgres.ts';
import { joinedAccess } from './joined-access.ts';

/** Who sends a request: a role's own service account, one without any role, or the bearer of a token. */
export interface RequestOptions {
  readonly as?: Role | 'nobody';
  readonly token?: string;
  readonly json?: unknown;
  readonly body?: string;
  readonly contentType?: string;
  readonly headers?: Record<string, string>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape; the assertion is the check.
  readonly body: any;
}

/** An entry as the log has it, with what the tests look at. */
export interface LoggedEntry {
  readonly kind: string;
  readonly actor?: { readonly kind: string; readonly name: string; readonly token?: string };
  readonly source?: { readonly ip: string };
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly [member: string]: unknown;
}

/** The API over a real socket, on real rooms and a real database. */
export interface RunningApi {
  readonly url: string;
  readonly databaseUrl: string;
  readonly admin: Admin;
  readonly rooms: AdminRooms;
  readonly sealer: Sealer;
  readonly tunnelPort: number;
  /** A token of the role's account. */
  token(role: Role | 'nobody'): string;
  call(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  /** Newest first, read past the API, so that looking leaves no trace. */
  entries(query: { kind: string; limit: number }): Promise<LoggedEntry[]>;
  /** Puts a Group in force if it isn't. */
  group(name: string): Promise<void>;
  /** Puts a live session into the sessions table, as one of an earlier process. */
  addSession(id: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startApi(
  more: Partial<Pick<AuditOptions, 'clock' | 'witnessing' | 'anchoring' | 'forwardTo'>> = {},
): Promise<RunningApi> {
  const { url: databaseUrl, drop } = await testDatabase();
  const folder = await temporaryFolder();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server's address is never a path
  const url = `http://127.0.0.1:${port}`;
  const joined = await joinRooms(databaseUrl, folder, url, more);
  const { rooms, sessionStore, close } = joined;
  const admin = await createAdmin(rooms, { serverFactory: (handler) => server.on('request', handler) });
  const tokens = await makeTokens(rooms);
  return {
    url,
    sealer: joined.sealer,
    databaseUrl,
    admin,
    rooms,
    tunnelPort: rooms.tunnel.port,
    token: (role) => tokens[role],
    call: (method, path, options = {}) => {
      const token = options.token ?? (options.as === undefined ? undefined : tokens[options.as]);
      return send(url + path, method, token, options);
    },
    entries: async (query) =>
      (await rooms.audit.search(query)).map((entry): LoggedEntry => JSON.parse(entry.leaf)),
    group: async (name) => {
      if (rooms.registry.snapshot().groups.has(name)) return;
      const plan = rooms.registry.plan([{ kind: 'Group', name, spec: {} }]);
      await rooms.registry.apply(plan, { kind: 'gateway', name: 'test' });
    },
    addSession: (id) => sessionStore.insert(sessionRow(id), '2025-11-25'),
    stop: async () => {
      await admin.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await close();
      await drop();
      await rm(folder, { recursive: true });
    },
  };
}

async function joinRooms(
  databaseUrl: string,
  folder: string,
  publicUrl: string,
  more: Partial<Pick<AuditOptions, 'clock' | 'witnessing' | 'anchoring' | 'forwardTo'>>,
) {
  const clock = systemClock;
  const store = await openStore({ databaseUrl, logger });
  const sealer = await openSealer(join(folder, 'master.key'), { createIfMissing: true });
  const early: { registry?: Registry; receipts?: Receipts } = {};
  const audit = await openAudit({
    store,
    slot: 0,
    deploymentName: 'test',
    clock,
    logger,
    signer: { sealer, folder },
    sealer,
    retentionClasses: () => retentionClasses(early.registry),
    retentionFolder: join(folder, 'retention'),
    receipts: (from, until) => receiptLines(early.receipts, from, until),
    ...more,
  });
  const policy = createPolicy();
  const registry = await openRegistry({
    store,
    record: (entry) => audit.record(entry),
    checkPolicy: (cedar) => policy.check(cedar),
    checkFit: checkFit(policy),
    logger,
  });
  early.registry = registry;
  const identity = await openIdentity({ store, clock, logger });
  const putInForce = (snapshot: Snapshot): void => {
    policy.load([...snapshot.policies.values()].map(({ name, spec }) => ({ name, cedar: spec.cedar })));
    identity.useAccounts([...snapshot.serviceAccounts.values()].map(({ name, spec }) => ({ name, ...spec })));
  };
  putInForce(registry.snapshot());
  registry.onChange(putInForce);
  const tunnel = await startTunnel({
    host: '127.0.0.1',
    port: 0,
    names: ['127.0.0.1'],
    replica: 'test/0',
    gatewayVersion: GATEWAY_VERSION,
    clock,
    logger,
    store: postgresAgentStore(store.pool),
    sealer: {
      seal: (plain, context) => sealer.seal(context, plain),
      unseal: (sealed, context) => sealer.unseal(context, sealed),
    },
    record: (entry) => audit.record(entry),
    unknownSessions: () => [],
  });
  const sessionStore = new SessionStore(store.pool);
  const sessions = new Sessions({
    store: sessionStore,
    openChannel: (request) => tunnel.open(request),
    endAtAgent: (agent, sessionId, reason) => tunnel.endSession(agent, sessionId, reason),
    clock,
    onEnded: () => undefined,
    onDropped: () => undefined,
    onWithheld: () => undefined,
  });
  const access = await joinedAccess({ store, logger, audit, registry, policy, sessions, sealer, folder });
  const proposals = openProposals({ store, clock, logger, record: (entry) => audit.record(entry) });
  joinRecords(proposals, audit);
  joinRetention(proposals, audit);
  const receipts = joinReceipts({ store, logger, audit, tunnel: () => tunnel });
  early.receipts = receipts;
  const { masking, agentRules } = await joinMasking({ foundation: { store, sealer }, registry });
  const maskingStatistics = new MaskingStatistics(store, clock, logger);
  const tools = await joinTools(
    { store, logger, audit, registry, sessions, proposals, tunnel, agentRules },
    [],
  );
  const gatewayInfo = {
    version: GATEWAY_VERSION,
    publicUrl,
    startedAt: new Date(clock.now()).toISOString(),
    quickstart: true,
    databaseHealthy: () => store.healthy(),
  };
  const rooms: AdminRooms = {
    registry,
    identity,
    policy,
    audit,
    ...access.rooms,
    proposals,
    receipts,
    tools,
    masking: { rules: () => masking.rules(), counts: (query) => maskingStatistics.counts(query) },
    tunnel,
    sessions: sessionsView(sessions),
    gatewayInfo,
    clock,
    logger,
  };
  const close = async (): Promise<void> => {
    await tunnel.stop(0);
    sessions.close();
    await receipts.close();
    await maskingStatistics.close();
    await proposals.close();
    await tools.close();
    await access.close();
    await registry.close();
    await identity.close();
    await audit.close();
    await store.close();
  };
  return { rooms, sessionStore, sealer, close };
}

/** A service account and a token for each role, and for none. */
async function makeTokens({ registry, identity }: AdminRooms): Promise<Record<Role | 'nobody', string>> {
  const who = [...ROLES, 'nobody'] as const;
  const plan = registry.plan(
    who.map((role) => ({
      kind: 'ServiceAccount',
      name: `test-${role}`,
      spec: { roles: role === 'nobody' ? [] : [role] },
    })),
  );
  await registry.apply(plan, { kind: 'gateway', name: 'test' });
  const tokens = await Promise.all(
    who.map(async (role) => {
      const request = { serviceAccount: `test-${role}`, expiresInMs: 3_600_000, createdBy: 'test' };
      return [role, (await identity.createToken(request)).token] as const;
    }),
  );
  return Object.fromEntries(tokens) as Record<Role | 'nobody', string>; // one entry for each of `who`
}

async function send(
  target: string,
  method: string,
  token: string | undefined,
  options: RequestOptions,
): Promise<Answer> {
  const body = options.json === undefined ? options.body : JSON.stringify(options.json);
  const hasBody = body !== undefined && method !== 'GET' && method !== 'HEAD';
  const response = await fetch(target, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(hasBody ? { 'content-type': options.contentType ?? 'application/json' } : {}),
      ...options.headers,
    },
    ...(hasBody ? { body } : {}),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
}

function sessionRow(id: string) {
  const now = Date.now();
  return {
    id,
    era: 'legacy',
    principalKind: 'service-account',
    principal: 'test-user',
    tokenId: 'tok_1',
    server: 'everything',
    agent: 'branch',
    agentServer: 'everything',
    client: 'test client',
    createdAt: now,
    expiresAt: now + 3_600_000,
    idleMs: 3_600_000,
  } as const;
}
