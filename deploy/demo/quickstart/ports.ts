import { createServer } from 'node:net';
import { StartError } from './errors.ts';
import { PORT_QUESTION_MS } from './limits.ts';

/** A port of ours, the variable that changes it, and what it is for. */
export interface WantedPort {
  readonly port: number;
  readonly variable: string;
  readonly use: string;
}

/**
 * Checks that the ports can be listened on.
 *
 * @throws StartError `port_busy` naming port, use, variable and, where it can be seen, who holds it;
 *   `setting` where this user may not listen there.
 */
export async function requireFreePorts(wanted: readonly WantedPort[]): Promise<void> {
  for (const { port, variable, use } of wanted) {
    const problem = await tryPort(port);
    if (problem === undefined) continue;
    if (problem !== 'EADDRINUSE') {
      throw new StartError(
        'setting',
        `Port ${port} (${use}) can't be used: ${problem}. Set ${variable} to another, such as ${port < 1024 ? 7400 : port + 10}.`,
      );
    }
    const holder = (await isSallyport(port))
      ? 'Another Sallyport answers there'
      : 'Another program listens there';
    throw new StartError(
      'port_busy',
      `Port ${port} on 127.0.0.1 is busy; the quick start needs it for ${use}. ${holder}.\n` +
        `Stop it, or choose another port: ${variable}=${port + 10}. ` +
        'To run two beside each other, give each its own SALLYPORT_PORT, SALLYPORT_TUNNEL_PORT and SALLYPORT_DATA_DIR.',
    );
  }
}

/** A free port on the loopback: the wanted one if it is free. */
export async function freePort(wanted: number | undefined): Promise<number> {
  if (wanted !== undefined && (await tryPort(wanted)) === undefined) return wanted;
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** The code of the error with which listening fails, undefined when the port is free. */
export function tryPort(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

async function isSallyport(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/openapi.json`, {
      signal: AbortSignal.timeout(PORT_QUESTION_MS),
    });
    return /sallyport/i.test((await response.text()).slice(0, 2_000));
  } catch {
    return false;
  }
}
