import { parseArgs } from 'node:util';

/** What the demo bank is told by its command line and environment. */
export interface Settings {
  /** Absent when `CORE_BANKING_DATABASE_URL` is not set: tools then say so. */
  readonly databaseUrl?: string;
  /** Port on 127.0.0.1 for Streamable HTTP; 0 takes a free one. Absent: stdio. */
  readonly httpPort?: number;
  /** The parent keeps an IPC channel open; the server ends when it closes. */
  readonly supervised: boolean;
}

export const USAGE = `core-banking: a synthetic bank as an MCP server

  node main.ts                 serves MCP over stdio
  node main.ts --http PORT     serves MCP over Streamable HTTP at http://127.0.0.1:PORT/mcp (0: a free port)

  CORE_BANKING_DATABASE_URL    Postgres to keep the bank in; tables are made and filled at first use`;

/**
 * Reads the command line and the environment.
 *
 * @throws Error with one clear line for an option it does not know or a port that is none.
 */
export function readSettings(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv,
): Settings | { readonly help: true } {
  const { values } = parseArgs({
    args: [...argv],
    options: { http: { type: 'string' }, help: { type: 'boolean' } },
    strict: true,
  });
  if (values.help === true) return { help: true };
  const databaseUrl = environment.CORE_BANKING_DATABASE_URL;
  return {
    ...(databaseUrl ? { databaseUrl } : {}),
    ...(values.http === undefined ? {} : { httpPort: readPort(values.http) }),
    supervised: environment.SALLYPORT_SUPERVISED === '1',
  };
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new Error(`--http wants a port number, not ${JSON.stringify(text)}`);
  return port;
}
