import { setTimeout as sleep } from 'node:timers/promises';
import { type Approving, startApproving } from '../framework/approving.ts';
import { RawClient } from '../framework/index.ts';

export type Entry = Readonly<Record<string, unknown>> & { readonly kind: string };

export interface Session {
  /** The whole log. */
  readonly all: readonly Entry[];
  /** Of the kinds that the script itself leaves, in the log's order; what comes by timing is not among them. */
  readonly shown: readonly Entry[];
  stop(): Promise<void>;
}

/** What the script leaves for certain. */
const KINDS = [
  ...['session.start', 'session.end', 'session.kill', 'session.listen'],
  ...['call.intent', 'call.outcome', 'call.interim', 'call.refused', 'decision.deny', 'auth.failure'],
  ...['grant.requested', 'grant.issued', 'grant.revoked'],
  ...['approval.requested', 'approval.viewed', 'approval.decided', 'approval.used'],
  ...['proposal.proposed', 'proposal.confirmed', 'proposal.executed'],
  ...['config.change', 'server.probe', 'tool.pinned', 'agent.enrolled', 'agent.attached'],
  ...['log.start', 'log.read', 'log.export', 'unmask', 'hold.placed'],
];

/** A real gateway and a real agent, and everybody who has to do with them, once. */
export async function scriptedSession(): Promise<Session> {
  const on = await startApproving();
  const { sallyport } = on;
  try {
    for (const name of ['clara', 'clemens'])
      on.tokens[name] = await sallyport.newToken(name, ['engineers'], ['custodian']);
    on.tokens.engineer = sallyport.token;
    on.tokens.auditor = await sallyport.newToken('auditor', ['engineers'], ['auditor']);
    on.tokens.admin = sallyport.adminToken;
    await callsOf(on);
    await accessOf(on);
    await originalsOf(on);
    await ok(on.as('auditor', 'GET', '/audit/entries?kind=decision.deny'));
    await ok(on.as('auditor', 'POST', '/audit/exports'));
    await ok(on.as('admin', 'POST', '/servers/echo/probe'));
    const all = await untilThere(on);
    return { all, shown: all.filter(({ kind }) => KINDS.includes(kind)), stop: () => sallyport.stop() };
  } catch (thrown) {
    await sallyport.stop();
    throw thrown;
  }
}

async function callsOf(on: Approving): Promise<void> {
  const { sallyport } = on;
  await new RawClient(sallyport.mcp('echo'), undefined).post('{}');
  const engineer = new RawClient(sallyport.mcp('echo'), sallyport.token);
  await engineer.initialize();
  await engineer.call('echo', { amount: 1 });
  await engineer.call('notify', { count: 1 }, 2);
  await engineer.post('{"jsonrpc":"2.0","id":3,"method":"tools/destroy"}');
  const held = engineer.call('echo', { amount: 500 }, 4);
  await approve(on, 'engineer');
  await held;
  const forbid =
    'forbid (principal, action == Sallyport::Action::"call", resource == Sallyport::Tool::"echo/crash");';
  await sallyport.api('POST', '/apply', {
    documents: [{ kind: 'Policy', name: 'never-crash', spec: { cedar: forbid } }],
  });
  await engineer.call('crash', {}, 5);
  const leaving = new AbortController();
  await engineer.listen(leaving.signal);
  leaving.abort();
  await engineer.delete();
  const killed = new RawClient(sallyport.mcp('echo'), sallyport.token);
  await killed.initialize();
  await ok(on.as('admin', 'DELETE', `/sessions/${killed.sessionId}`));
}

async function accessOf(on: Approving): Promise<void> {
  const asked = await ok(
    on.as('engineer', 'POST', '/grants', {
      server: 'echo',
      tools: ['slow'],
      reason: 'month end closing',
      minutes: 30,
    }),
  );
  await approve(on, 'engineer');
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await ok(on.as('engineer', 'GET', `/grants/${asked.id}`))).state === 'active') break;
    await sleep(25);
  }
  await ok(on.as('engineer', 'DELETE', `/grants/${asked.id}`));
}

async function originalsOf(on: Approving): Promise<void> {
  const intent = (await on.sallyport.entries('call.intent')).find(({ tool }) => tool === 'echo');
  await ok(
    on.as('clara', 'POST', `/audit/entries/${intent?.seq}/unmask`, { reason: 'asked by the customer' }),
  );
  const hold = { payload: { from: 0, until: 20 }, reason: 'case 2026-11, ordered by counsel' };
  const proposal = await ok(on.as('clara', 'POST', '/audit/holds', hold));
  await ok(on.as('clemens', 'POST', `/proposals/${proposal.id}/confirm`, { digest: proposal.digest }));
}

async function approve(on: Approving, requester: string): Promise<void> {
  const waiting = await on.waiting(requester);
  await ok(on.as('alice', 'GET', `/approvals/${waiting.id}/subject`));
  await ok(on.decide('alice', 'approve', waiting));
}

async function ok(answer: ReturnType<Approving['as']>) {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}

/** Some entries follow what they tell of, as the end of a session. */
async function untilThere(on: Approving): Promise<Entry[]> {
  for (let tries = 0; ; tries += 1) {
    const all = (await on.sallyport.entries()) as Entry[]; // cast: every entry has a kind
    const missing = KINDS.filter((kind) => !all.some((entry) => entry.kind === kind));
    if (missing.length === 0) return all;
    if (tries > 200) throw new Error(`the script left no ${missing.join(', ')}`);
    await sleep(50);
  }
}

const NUMBERS = new Set([
  'seq',
  'bytes',
  'duration',
  'entrySeq',
  'clockOffsetMs',
  'settled',
  'size',
  'protocol',
]);

/** An entry with what differs from log to log replaced by what it is. */
export function steadied(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => steadied(item));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, steadied(inner, key)]));
  }
  if (typeof value === 'number') return NUMBERS.has(name) ? '<number>' : value;
  if (typeof value !== 'string') return value;
  if (name === 'agentVersion' || name === 'replica') return '<text>';
  return value
    .replaceAll(/\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}/g, '+<key>')
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b/g, '<uuid>')
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<SHA-256>')
    .replaceAll(/\b[0-9a-f]{16,40}\b/gi, '<hex>')
    .replaceAll(/\b([a-z]{3})_[0-9A-Z]{20}\b/g, '$1_…')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>');
}
