import { appendFileSync, readFileSync, watchFile } from 'node:fs';

// A stdio MCP server whose definitions of tools stand in the file that TOOLS_FILE names, as a JSON array whose bytes
// it passes on, read anew for each list; a change of the file is told as list_changed. Each call is counted in the
// file of CALLS_FILE: what ran, ran. PAGE_SIZE: tools on one page of the list.

const { TOOLS_FILE = '', CALLS_FILE, PAGE_SIZE = '1000000' } = process.env;
const RESULT = process.env.RESULT ?? '{"content":[{"type":"text","text":"done"}]}';

interface Request {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly cursor?: string };
}

function say(id: Request['id'], result: string): void {
  process.stdout.write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}\n`);
}

function list(cursor: string | undefined): string {
  const size = Number(PAGE_SIZE);
  const text = readFileSync(TOOLS_FILE, 'utf8');
  if (size >= 1_000_000) return `{"tools":${text}}`;
  const tools = JSON.parse(text) as unknown[];
  const from = Number(cursor ?? 0);
  const next = from + size < tools.length ? { nextCursor: String(from + size) } : {};
  return JSON.stringify({ tools: tools.slice(from, from + size), ...next });
}

function answer(line: string): void {
  // Cast: a test's own message.
  const { id, method, params } = JSON.parse(line) as Request;
  if (id === undefined) return;
  if (method === 'initialize')
    say(
      id,
      '{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"shifting","version":"1.0.0"}}',
    );
  else if (method === 'tools/list') say(id, list(params?.cursor));
  else if (method === 'tools/call') {
    if (CALLS_FILE !== undefined) appendFileSync(CALLS_FILE, `${params?.name}\n`);
    say(id, RESULT);
  } else
    process.stdout.write(
      `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":{"code":-32601,"message":"Method not found"}}\n`,
    );
}

watchFile(TOOLS_FILE, { interval: 50, persistent: false }, () =>
  process.stdout.write('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n'),
);

let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text: string) => {
  const lines = (rest + text).split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) if (line !== '') answer(line);
});
