import { setTimeout as sleep } from 'node:timers/promises';
import { wordsOf } from './errors.ts';
import { readObject } from './files.ts';
import { GatewayApi } from './gateway-api.ts';
import { POLL_MS } from './limits.ts';
import { McpConversation } from './mcp-conversation.ts';
import { readSettings } from './settings.ts';

// `pnpm demo:call`: governed calls as an engineer's client makes them: one that policy allows, one that it denies, and one
// that waits until somebody else approves it; and the log's word on all three.

const SERVER = 'core-banking';
const SHOWN_LINES = 20;

try {
  await main();
} catch (error) {
  process.stderr.write(`${wordsOf(error)}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const file = await readObject(settings.paths.quickstartFile);
  const gateway = textIn(file, 'gateway');
  const url = textIn(file?.mcp, SERVER);
  const engineer = textIn(file?.tokens, 'engineer');
  const approver = textIn(file?.tokens, 'approver');
  const auditor = textIn(file?.tokens, 'auditor');
  if (gateway === undefined || url === undefined || engineer === undefined)
    throw noQuickstart(settings.dataDir);
  if (approver === undefined || auditor === undefined) throw noQuickstart(settings.dataDir);
  const since = new Date().toISOString();

  const mcp = new McpConversation(url, engineer);
  say(`Connecting to ${url} as "engineer"`);
  const { serverInfo, protocolVersion } = await mcp.initialize();
  say(`  initialize      ${JSON.stringify(serverInfo)}, MCP ${protocolVersion}`);
  const tools = await mcp.toolNames();
  say(`  tools/list      ${tools.join(', ')}`);
  say('                  (close_account is missing: policy forbids it, so it is not even shown)');

  say('\nA call that policy allows: search_customers {"query":"CUS-000001"}');
  show(await mcp.callTool('search_customers', { query: 'CUS-000001' }));
  const transfer = {
    from_account: 'ACC-000001',
    to_account: 'ACC-000004',
    amount_minor: 99_999_900,
    reference: 'demo',
  };
  say(`\nA call that policy denies: transfer_funds ${JSON.stringify(transfer)}`);
  show(await mcp.callTool('transfer_funds', transfer));
  await heldCall(mcp, new GatewayApi(gateway, approver));
  await mcp.end();

  say('\nWhat the audit log says of it (as "auditor"):');
  await showEntries(new GatewayApi(gateway, auditor), since);
}

/** The call stays open while it waits; a client that can't wait sends it again once it is approved. */
async function heldCall(mcp: McpConversation, api: GatewayApi): Promise<void> {
  const risky = { sql: "UPDATE cards SET status = 'blocked' WHERE card_id = 'CRD-000001'" };
  say(`\nA call that waits for an approver, because its SQL writes: run_query ${JSON.stringify(risky)}`);
  const earlier = new Set((await pending(api)).map(({ id }) => id));
  const answered = mcp.callTool('run_query', risky);
  // Failing before it is held is told below, by waiting for it.
  answered.catch(() => undefined);
  let ended = false;
  const end = answered.finally(() => {
    ended = true;
  });
  end.catch(() => undefined);
  let held: Held | undefined;
  while (held === undefined && !ended) {
    await sleep(POLL_MS);
    held = (await pending(api)).find(({ id }) => !earlier.has(id));
  }
  if (held !== undefined) await approve(api, held);
  say('The answer to the engineer, whose call was open all the time:');
  show(await answered);
}

interface Held {
  readonly id: string;
  readonly digest: string;
}

async function pending(api: GatewayApi): Promise<Held[]> {
  const { items } = await api.get('/approvals?state=pending&requester=engineer&server=core-banking');
  return Array.isArray(items) ? items : [];
}

/** Looks at exactly what would run, and consents to that: the digest is of what was looked at. */
async function approve(api: GatewayApi, { id, digest }: Held): Promise<void> {
  const subject = await api.get(`/approvals/${id}/subject`);
  say(`  held as ${id}; "approver" looks at it:`);
  say(`    would run    ${String(subject.arguments).replaceAll(/\s+/g, ' ')}`);
  say(`    what it does ${riskIn(subject.risk)}`);
  await api.post(`/approvals/${id}/approve`, { digest, reason: 'the demo: the card was reported lost' });
  say(`  approved by "approver", bound to the digest ${digest.slice(0, 16)}…, to be used once`);
}

function riskIn(risk: unknown): string {
  const sql = memberOf(risk, 'sql');
  const lists = (['kinds', 'writes'] as const).map((name) => `${name} ${String(memberOf(sql, name))}`);
  return `risk "${String(memberOf(sql, 'risk'))}", ${lists.join(', ')}`;
}

/** The log is written before an answer is released, so the entries are there; the end of the session may follow. */
async function showEntries(api: GatewayApi, since: string): Promise<void> {
  await sleep(200);
  const query = new URLSearchParams({ from: since, order: 'oldest', limit: '100' });
  const { items } = await api.get(`/audit/entries?${query}`);
  for (const item of Array.isArray(items) ? items : []) if (isOfThese(item)) say(`  ${describe(item)}`);
}

/** Of the engineer, or about what was asked of the approver: others may use the quick start at the same time. */
function isOfThese({ entry }: Entry): boolean {
  return entry?.actor?.name === 'engineer' || entry?.approval !== undefined;
}

interface Entry {
  readonly seq?: number;
  readonly ts?: string;
  readonly kind?: string;
  readonly entry?: {
    readonly actor?: { readonly name?: string };
    readonly approval?: string;
    readonly method?: string;
    readonly tool?: string;
    readonly decision?: { effect?: string; reasons?: readonly string[]; policies?: readonly string[] };
    readonly outcome?: { transport?: string; rpc?: string; tool?: string };
  };
}

function describe(item: Entry): string {
  const { actor, method, tool, decision, outcome } = item.entry ?? {};
  return [
    `#${item.seq}`.padEnd(6),
    item.ts ?? '',
    (item.kind ?? '').padEnd(18),
    (actor?.name ?? '').padEnd(8),
    [method, tool].filter(Boolean).join(' '),
    decision
      ? `→ ${decision.effect} (${[...(decision.reasons ?? []), ...(decision.policies ?? [])].join(', ')})`
      : '',
    outcome ? `→ ${[outcome.transport, outcome.rpc, outcome.tool].filter(Boolean).join(', ')}` : '',
  ]
    .filter((part) => part !== '')
    .join('  ');
}

function show(message: unknown): void {
  const lines = JSON.stringify(message, null, 2).split('\n');
  const shown = lines.length > SHOWN_LINES ? [...lines.slice(0, SHOWN_LINES), '…'] : lines;
  say(shown.map((line) => `    ${line}`).join('\n'));
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function noQuickstart(dataDir: string): Error {
  return new Error(`There is no quick start in ${dataDir}. Start it with: pnpm start`);
}

function textIn(holder: unknown, member: string): string | undefined {
  const value = memberOf(holder, member);
  return typeof value === 'string' ? value : undefined;
}

function memberOf(holder: unknown, member: string): unknown {
  if (typeof holder !== 'object' || holder === null) return undefined;
  return (holder as Record<string, unknown>)[member]; // An object's keys are strings.
}
