import { setTimeout as sleep } from 'node:timers/promises';
import { wordsOf } from './errors.ts';
import { readObject } from './files.ts';
import { GatewayApi } from './gateway-api.ts';
import { McpConversation } from './mcp-conversation.ts';
import { readSettings } from './settings.ts';

// `pnpm demo:call`: a governed call as an engineer's client makes it, one that policy denies, and the log's word on both.

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
  const auditor = textIn(file?.tokens, 'auditor');
  if (gateway === undefined || url === undefined || engineer === undefined || auditor === undefined) {
    throw new Error(`There is no quick start in ${settings.dataDir}. Start it with: pnpm start`);
  }
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
  await mcp.end();

  say('\nWhat the audit log says of it (as "auditor"):');
  await showEntries(new GatewayApi(gateway, auditor), since);
}

/** The log is written before an answer is released, so the entries are there; the end of the session may follow. */
async function showEntries(api: GatewayApi, since: string): Promise<void> {
  await sleep(200);
  const query = new URLSearchParams({ principal: 'engineer', from: since, order: 'oldest', limit: '100' });
  const { items } = await api.get(`/audit/entries?${query}`);
  for (const item of Array.isArray(items) ? items : []) say(`  ${describe(item)}`);
}

interface Entry {
  readonly seq?: number;
  readonly ts?: string;
  readonly kind?: string;
  readonly entry?: {
    readonly method?: string;
    readonly tool?: string;
    readonly decision?: { effect?: string; reasons?: readonly string[]; policies?: readonly string[] };
    readonly outcome?: { transport?: string; rpc?: string; tool?: string };
  };
}

function describe(item: Entry): string {
  const { method, tool, decision, outcome } = item.entry ?? {};
  return [
    `#${item.seq}`.padEnd(6),
    item.ts ?? '',
    (item.kind ?? '').padEnd(16),
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

function textIn(holder: unknown, member: string): string | undefined {
  if (typeof holder !== 'object' || holder === null) return undefined;
  const value = (holder as Record<string, unknown>)[member]; // An object's keys are strings.
  return typeof value === 'string' ? value : undefined;
}
