/**
 * The load generator, a process of its own: closed loops of raw keep-alive HTTP. It takes orders over IPC from
 * `load-driver.ts`, opens sessions, calls `echo`, checks every answer, and returns latencies.
 */
import { Client, type Dispatcher } from 'undici';
import { CALL_TIMEOUT_MS, CELL_CALLS_MAX, OPENING_MAX, TEXT_BYTES } from './limits.ts';
import type { CellResult, LoadAnswer, LoadOrder } from './load-driver.ts';

/** A legacy session; its ids are unique among all callers that share it. */
interface Session {
  readonly headers: Record<string, string>;
  nextId: number;
}

interface OpenParty {
  readonly url: URL;
  readonly sessions: Session[];
  /** One keep-alive connection for each concurrent caller, made when first needed. */
  readonly connections: Client[];
}

const parties = new Map<string, OpenParty>();

function connect(url: URL): Client {
  return new Client(url.origin, {
    pipelining: 1,
    headersTimeout: CALL_TIMEOUT_MS,
    bodyTimeout: CALL_TIMEOUT_MS,
  });
}

async function openSession(url: URL, extra: Record<string, string>): Promise<Session> {
  const client = connect(url);
  const session: Session = {
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...extra },
    nextId: 1,
  };
  const opened = await post(client, url, session, {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'sallyport-bench', version: '1.0.0' },
    },
  });
  const text = await opened.body.text();
  const id = opened.headers['mcp-session-id'];
  if (opened.statusCode !== 200 || typeof id !== 'string') {
    throw new Error(`initialize answered ${opened.statusCode}: ${text.slice(0, 500)}`);
  }
  session.headers['mcp-session-id'] = id;
  session.headers['mcp-protocol-version'] = '2025-11-25';
  const noted = await post(client, url, session, { jsonrpc: '2.0', method: 'notifications/initialized' });
  await noted.body.dump();
  await client.close();
  return session;
}

function post(client: Client, url: URL, session: Session, message: object): Promise<Dispatcher.ResponseData> {
  return client.request({
    method: 'POST',
    path: url.pathname,
    headers: session.headers,
    body: JSON.stringify(message),
  });
}

/** One call, checked: the answer must carry this call's id and exactly its text. */
async function callEcho(client: Client, url: URL, session: Session, filler: string): Promise<void> {
  const id = session.nextId++;
  const text = `${id} ${filler}`;
  const answer = await post(client, url, session, {
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'echo', arguments: { text } },
  });
  const body = await answer.body.text();
  if (answer.statusCode !== 200)
    throw new Error(`a call answered ${answer.statusCode}: ${body.slice(0, 500)}`);
  const json = String(answer.headers['content-type']).startsWith('text/event-stream')
    ? lastEvent(body)
    : body;
  const message = JSON.parse(json) as { id?: unknown; result?: { content?: { text?: unknown }[] } };
  if (message.id !== id || message.result?.content?.[0]?.text !== text) {
    throw new Error(`a call was answered wrongly: ${body.slice(0, 500)}`);
  }
}

/** The data of the last event that has any; the events before it prime reconnection. */
function lastEvent(body: string): string {
  let data = '';
  for (const line of body.split('\n')) {
    if (line.startsWith('data:') && line.length > 'data: '.length) data = line.slice('data:'.length);
  }
  return data;
}

async function runCell(
  party: OpenParty,
  { concurrency, durationMs, text }: Extract<LoadOrder, { kind: 'run' }>,
): Promise<CellResult> {
  const filler = text ?? 'x'.repeat(TEXT_BYTES);
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + durationMs;
  const callInLoop = async (caller: number): Promise<void> => {
    const client = party.connections[caller] ?? connect(party.url);
    party.connections[caller] = client;
    const session = party.sessions[caller % party.sessions.length];
    if (session === undefined) throw new Error('no session is open');
    for (let before = performance.now(); before < end && latencies.length < CELL_CALLS_MAX; ) {
      await callEcho(client, party.url, session, filler);
      const now = performance.now();
      latencies.push(now - before);
      before = now;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, (_, caller) => callInLoop(caller)));
  const seconds = (performance.now() - start) / 1000;
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    calls: sorted.length,
    callsPerSecond: sorted.length / seconds,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
  };
}

async function openSessions(name: string, url: URL, headers: Record<string, string>, count: number) {
  const party = parties.get(name) ?? { url, sessions: [], connections: [] };
  parties.set(name, party);
  let begun = party.sessions.length;
  const openOneAfterAnother = async () => {
    while (begun < count) {
      begun++;
      party.sessions.push(await openSession(url, headers));
    }
  };
  await Promise.all(Array.from({ length: OPENING_MAX }, openOneAfterAnother));
}

async function obey(order: LoadOrder): Promise<CellResult | null> {
  if (order.kind === 'open') {
    await openSessions(order.party, new URL(order.url), order.headers, order.sessions);
    return null;
  }
  const party = parties.get(order.party);
  if (party === undefined) throw new Error('the party is not open');
  return runCell(party, order);
}

process.on('message', (order: LoadOrder) => {
  obey(order).then(
    (result) => process.send?.({ result } satisfies LoadAnswer),
    (error: unknown) => process.send?.({ error: String(error instanceof Error ? error.stack : error) }),
  );
});
process.on('disconnect', () => process.exit(0));
