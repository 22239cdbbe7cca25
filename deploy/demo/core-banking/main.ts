import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { openBank } from './database.ts';
import { serveHttp } from './http/serve.ts';
import { STOP_GRACE_MS } from './limits.ts';
import { createBankServer } from './server.ts';
import { readSettings, type Settings, USAGE } from './settings.ts';

// stdout belongs to MCP; what people should know goes to stderr.
const say = (message: string): void => {
  process.stderr.write(`core-banking: ${message}\n`);
};

try {
  const settings = readSettings(process.argv.slice(2), process.env);
  if ('help' in settings) process.stdout.write(`${USAGE}\n`);
  else await start(settings);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function start(settings: Settings): Promise<void> {
  const bank = openBank(settings.databaseUrl, say);
  const create = () => createBankServer(bank);
  let closeServing: () => Promise<void>;

  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    // Whatever hangs must not keep the process: nothing of it is worth more than a clean end.
    setTimeout(() => process.exit(0), STOP_GRACE_MS * 2).unref();
    void closeServing()
      .then(() => bank.close())
      .finally(() => process.exit(0));
  };

  if (settings.httpPort === undefined) {
    const transport = new StdioServerTransport();
    const handle = serveStdio(create, { transport, onerror: (error) => say(error.message) });
    closeServing = () => handle.close();
    // The client closes stdin to end the session; without this an open database connection would keep the process.
    process.stdin.once('close', stop);
    process.stdin.once('end', stop);
  } else {
    const http = await serveHttp(settings.httpPort, create, say);
    closeServing = () => http.close();
    say(`MCP at http://127.0.0.1:${http.port}/mcp`);
    process.send?.({ listening: http.port });
  }
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // The parent is gone when its channel closes, also after kill -9.
  if (settings.supervised) process.once('disconnect', stop);
}
