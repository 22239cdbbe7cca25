/**
 * `pnpm bench:holds`: what 1,000 calls that wait for an approval cost: resident memory of the gateway, and the latency of
 * other calls meanwhile. Exits 1 over the bounds of issue 4.
 *
 * Memory is read at rest, without them and with them. V8 gives back what nobody needs any more once it has had little to do
 * for some eight seconds; read earlier, it is the calls before and the arrival of these that are weighed, not what they
 * keep. What is taken for a moment while they arrive is shown beside it.
 */
import { join } from 'node:path';
import { Agent, fetch } from 'undici';
import { startSubject } from '../conformance/subject.ts';
import { residentBytes } from './footprint.ts';
import { MUST } from './limits.ts';

const SERVER = 'echo';
const PRINCIPALS = 10;
const OTHERS_AT_ONCE = 4;
const CALLS = 600;
const ROUNDS = 5;
const REST_MS = 20_000;
const LOOK_EVERY_MS = 250;

const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
const group = (name: string): string => `Sallyport::Group::"${name}"`;
const subject = await startSubject({
  servers: {
    [SERVER]: {
      transport: 'stdio',
      command: [process.execPath, join(import.meta.dirname, 'echo/stdio.ts')],
    },
  },
  policies: {
    all: `permit (principal in ${group('engineers')}, action, resource);`,
    held: `@approval("wait") forbid (principal, action == Sallyport::Action::"call", resource) when { context.arguments has text && context.arguments.text like "hold *" } unless { context has approval && context.approval.flows.contains("wait") };`,
  },
  more: [
    { kind: 'Group', name: 'nobody', spec: {} },
    {
      kind: 'ApprovalFlow',
      name: 'wait',
      spec: { stages: [{ approvers: ['nobody'] }], timeLimitMinutes: 60, holdSeconds: 3600 },
    },
  ],
});
const leaving = new AbortController();
try {
  const calm: number[] = [];
  const under: number[] = [];
  const load = await begin(subject.token);
  const holders = await Promise.all(
    Array.from({ length: PRINCIPALS }, async (_, n) => begin(await subject.newToken(`holder-${n}`))),
  );
  // Not counted: code that is not compiled yet would make the calls without holds look slow.
  for (let round = 0; round < ROUNDS; round += 1) await p99(load);
  for (let round = 0; round < ROUNDS; round += 1) calm.push(await p99(load));
  await sleep(REST_MS);
  const before = residentBytes(subject.gatewayPid);
  let peak = before;
  const looking = setInterval(() => {
    peak = Math.max(peak, residentBytes(subject.gatewayPid));
  }, LOOK_EVERY_MS);
  const held = holders.flatMap((holder, h) =>
    Array.from({ length: MUST.holds / PRINCIPALS }, (_, n) => hold(holder, h * 1_000 + n)),
  );
  await Promise.all(held);
  await sleep(REST_MS);
  clearInterval(looking);
  const bytes = residentBytes(subject.gatewayPid) - before;
  for (let round = 0; round < ROUNDS; round += 1) under.push(await p99(load));
  const ratio = median(under) / median(calm);
  process.stdout.write(`while they arrive: ${megabytes(peak - before)} MB more resident for a moment\n`);
  say(`${MUST.holds} holds: ${megabytes(bytes)} MB more resident at rest`, bytes < MUST.holdsBytes);
  say(
    `other calls: p99 ${median(calm).toFixed(1)} ms without, ${median(under).toFixed(1)} ms with them (× ${ratio.toFixed(2)})`,
    ratio < MUST.holdsSlowdown,
  );
} finally {
  leaving.abort();
  await subject.stop();
  await dispatcher.destroy();
}

interface Client {
  readonly headers: Record<string, string>;
}

async function begin(token: string): Promise<Client> {
  const headers: Record<string, string> = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  const answer = await send(
    { headers },
    {
      id: 0,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'bench', version: '1' },
      },
    },
  );
  await answer.text();
  headers['mcp-session-id'] = answer.headers.get('mcp-session-id') ?? '';
  headers['mcp-protocol-version'] = '2025-11-25';
  await (await send({ headers }, { method: 'notifications/initialized' })).text();
  return { headers };
}

function send({ headers }: Client, message: object, signal?: AbortSignal) {
  return fetch(subject.mcpUrl(SERVER), {
    method: 'POST',
    headers,
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    dispatcher,
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Resolves when the call is held: its stream has begun, with the first progress. */
async function hold(client: Client, n: number): Promise<void> {
  const params = { name: 'echo', arguments: { text: `hold ${n}` }, _meta: { progressToken: n } };
  const answer = await send(client, { id: n + 1, method: 'tools/call', params }, leaving.signal);
  const reader = answer.body?.getReader();
  const first = new TextDecoder().decode((await reader?.read())?.value);
  if (!first.includes('notifications/progress')) throw new Error(`not held: ${first}`);
  // Read on, as a client does.
  const drain = async (): Promise<void> => {
    while ((await reader?.read())?.done === false);
  };
  drain().catch(() => undefined);
}

async function p99(client: Client): Promise<number> {
  const times: number[] = [];
  let id = 1;
  const one = async (): Promise<void> => {
    while (id < CALLS) {
      id += 1;
      const startedMs = performance.now();
      const params = { name: 'echo', arguments: { text: 'on with it' } };
      const text = await (await send(client, { id, method: 'tools/call', params })).text();
      times.push(performance.now() - startedMs);
      if (!text.includes('"result"')) throw new Error(`not answered: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: OTHERS_AT_ONCE }, one));
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length * 0.99)] ?? Number.NaN;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function say(words: string, reached: boolean): void {
  if (!reached) process.exitCode = 1;
  process.stdout.write(`${words}: ${reached ? 'reached' : 'MISSED'}\n`);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
