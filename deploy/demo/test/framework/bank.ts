import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

export const MAIN = fileURLToPath(new URL('../../core-banking/main.ts', import.meta.url));

export type Era = 'legacy' | 'modern';

export function createClient(era: Era): Client {
  const mode = era === 'legacy' ? 'legacy' : { pin: '2026-07-28' };
  return new Client({ name: 'demo-test', version: '1' }, { versionNegotiation: { mode } });
}

/** The official client on a process of the bank's own. */
export async function connectStdio(era: Era, databaseUrl: string | undefined): Promise<Client> {
  const client = createClient(era);
  const env = databaseUrl === undefined ? {} : { CORE_BANKING_DATABASE_URL: databaseUrl };
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [MAIN], env, stderr: 'ignore' }),
  );
  return client;
}

export async function connectHttp(era: Era, port: number): Promise<Client> {
  const client = createClient(era);
  await client.connect(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`)));
  return client;
}

export interface HttpProcess {
  readonly port: number;
  readonly pid: number;
  readonly ended: Promise<number | null>;
  disconnect(): void;
  stop(): Promise<number | null>;
}

/** The bank over HTTP as the quick start runs it: a child with an IPC channel that reports its port. */
export async function startHttp(databaseUrl: string | undefined): Promise<HttpProcess> {
  const child = spawn(process.execPath, [MAIN, '--http', '0'], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: {
      PATH: process.env.PATH,
      SALLYPORT_SUPERVISED: '1',
      ...(databaseUrl === undefined ? {} : { CORE_BANKING_DATABASE_URL: databaseUrl }),
    },
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { listening: number }) => resolve(message.listening));
    child.once('exit', (code) => reject(new Error(`the bank ended with ${code} before it listened`)));
  });
  return {
    port,
    pid: child.pid ?? 0,
    ended,
    disconnect: () => child.disconnect(),
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Calls a tool; `text` is all of its text blocks, `data` its structured content. */
export async function call(client: Client, name: string, args: Record<string, unknown>) {
  const result = await client.callTool({ name, arguments: args });
  const text = result.content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
  // The tests look at members by name; a wrong shape fails their expectations.
  return { ...result, text, data: (result.structuredContent ?? {}) as Data };
}

/** Members of the tools' structured content that the tests read. */
interface Data {
  customers?: unknown[];
  payments?: { payment_id: string }[];
  next?: string | null;
  rows?: (string | number | null)[][];
}
