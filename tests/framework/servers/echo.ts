import { appendFileSync } from 'node:fs';

// A stdio MCP server that answers with the very text it was sent, so that a test can compare bytes. Legacy and
// modern. Tools: `echo` (answers with the request), `slow` (waits `ms`), `notify` (sends `count` progress and log
// messages first), `big` (answers `bytes` of text), `crash` (exits), `ask` (asks the client for a completion),
// `noise` (writes to stdout what is no message), `never` (does not answer).
// Each call is counted in the file that ECHO_COUNTER names: what ran, ran.

const counter = process.env.ECHO_COUNTER;
// Where it says, the argument `n` of each call is written, so that a test can tell which calls ran.
const runs = process.env.ECHO_RUNS;

interface Request {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: {
    name?: string;
    arguments?: Record<string, unknown>;
    _meta?: { progressToken?: unknown };
  };
}

/** The message, with its id as it stood in the text. */
function read(line: string): { message: Request; id: string } {
  let id = '';
  const reviver = function (
    this: unknown,
    key: string,
    value: unknown,
    context?: { source?: string },
  ): unknown {
    if (key === 'id' && typeof this === 'object' && this !== null && 'jsonrpc' in this)
      id = context?.source ?? JSON.stringify(value);
    return value;
  };
  // Cast: a test's own message.
  return { message: JSON.parse(line, reviver) as Request, id };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

const TOOLS = ['echo', 'slow', 'notify', 'big', 'crash', 'ask', 'noise', 'never'].map((name) => ({
  name,
  inputSchema: { type: 'object' },
}));
let asked = 0;
const asking = new Map<string, string>();

async function call(line: string, message: Request, id: string): Promise<void> {
  const name = message.params?.name;
  const args = message.params?.arguments ?? {};
  if (counter !== undefined) appendFileSync(counter, `${name}\n`);
  if (runs !== undefined) appendFileSync(runs, `${String(args.n)}\n`);
  const token = message.params?._meta?.progressToken;
  if (name === 'slow') await new Promise((resolve) => setTimeout(resolve, Number(args.ms)));
  if (name === 'never') return;
  if (name === 'crash') process.exit(7);
  if (name === 'noise') {
    process.stdout.write('this is no message\n\n   \n');
    process.stderr.write('and this is for the log\n');
  }
  if (name === 'notify') {
    for (let i = 0; i < Number(args.count); i += 1) {
      say(
        JSON.stringify({
          jsonrpc: '2.0',
          method: 'notifications/progress',
          params: { progressToken: token, progress: i, message: String(args.text ?? '') },
        }),
      );
      say(
        JSON.stringify({
          jsonrpc: '2.0',
          method: 'notifications/message',
          params: { level: 'info', data: `line ${i}` },
        }),
      );
    }
  }
  if (name === 'big') {
    say(
      `{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","content":[{"type":"text","text":"${'x'.repeat(Number(args.bytes))}"}]}}`,
    );
    return;
  }
  if (name === 'ask') {
    asked += 1;
    asking.set(`ask-${asked}`, id);
    say(
      JSON.stringify({
        jsonrpc: '2.0',
        id: `ask-${asked}`,
        method: 'sampling/createMessage',
        params: { messages: [], maxTokens: 5 },
      }),
    );
    return;
  }
  say(
    `{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","content":[],"echo":${line}},"x-extra":1.0}`,
  );
}

function answer(line: string): void {
  const { message, id } = read(line);
  if (message.method === 'initialize') {
    say(
      `{"jsonrpc":"2.0","id":${id},"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"echo","version":"1.0.0"}}}`,
    );
  } else if (message.method === 'server/discover') {
    say(
      `{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"serverInfo":{"name":"echo","version":"1.0.0"},"ttlMs":0,"cacheScope":"private"}}`,
    );
  } else if (message.method === 'tools/list') {
    say(
      `{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","tools":${JSON.stringify(TOOLS)},"ttlMs":0,"cacheScope":"private"}}`,
    );
  } else if (message.method === 'tools/call') {
    void call(line, message, id);
  } else if (message.method === undefined && asking.has(String(message.id))) {
    say(
      `{"jsonrpc":"2.0","id":${asking.get(String(message.id))},"result":{"content":[],"answered":${line}}}`,
    );
  } else if (message.method === 'ping') {
    say(`{"jsonrpc":"2.0","id":${id},"result":{}}`);
  } else if (id !== '') {
    say(`{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","echo":${line}}}`);
  }
}

// Not node:readline: it takes U+2028 for the end of a line.
let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text: string) => {
  const lines = (rest + text).split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) if (line !== '') answer(line);
});
