import { Client, type ClientConfig } from 'pg';
import { CONNECT_MAX_MS, STATEMENT_MAX_MS } from './limits.ts';

/** The role that serves: it may not change the log (see roles.ts). */
export const APP_ROLE = 'sallyport_app';

/**
 * Settings of one connection. With `role`, the session starts as that role and `RESET ROLE` stays there. With `schema`,
 * names are looked for there before `public`.
 *
 * A URL's own `options` are kept; ours come behind them and so win.
 */
export function connectionConfig(
  databaseUrl: string,
  name: string,
  role?: string,
  schema?: string,
): ClientConfig {
  const [place = '', query = ''] = databaseUrl.split('?', 2);
  const parameters = new URLSearchParams(query);
  const options = [
    parameters.get('options'),
    role && `-c role=${role}`,
    schema && `-c search_path=${schema},public`,
  ];
  const given = options.filter((each) => typeof each === 'string').join(' ');
  if (given !== '') parameters.set('options', given);
  // URLSearchParams writes a space as "+", which pg reads back through the same class.
  const text = parameters.toString();
  return {
    connectionString: text === '' ? place : `${place}?${text}`,
    application_name: `sallyport-gateway ${name}`,
    connectionTimeoutMillis: CONNECT_MAX_MS,
    statement_timeout: STATEMENT_MAX_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}

/** Connects one client; the caller ends it. A client that fails to connect is closed before the error is thrown. */
export async function connectClient(config: ClientConfig): Promise<Client> {
  const client = new Client(config);
  // Without a listener an error on an idle connection would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    client.end().catch(() => undefined);
    throw error;
  }
  return client;
}
