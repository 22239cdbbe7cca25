import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from '../telemetry/index.ts';
import { WITNESS_REQUEST_MAX_BYTES, WITNESS_REQUEST_MAX_MS } from './limits.ts';
import type { Witness } from './witness.ts';

export interface ServeOptions {
  readonly witness: Witness;
  readonly host: string;
  /** 0 stands for a free one. */
  readonly port: number;
  /** Without it only this machine is served. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly log: Logger;
}

/** Serves a witness over HTTP (C2SP tlog-witness): POST /add-checkpoint, and nothing else. */
export async function serveWitness(
  options: ServeOptions,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const { host, port, tls, log } = options;
  if (tls === undefined && !/^(127\.|::1$|localhost$)/.test(host)) {
    throw new Error(
      `${host} is not this machine alone: give --tls-cert and --tls-key, or listen on 127.0.0.1`,
    );
  }
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    answer(options.witness, request, response).catch((error: unknown) => {
      log.warn('a request to the witness broke off', { problem: errorText(error) });
      response.destroy();
    });
  };
  const server: Server =
    tls === undefined ? createServer(handler) : createTlsServer({ ...tls, minVersion: 'TLSv1.2' }, handler);
  server.requestTimeout = WITNESS_REQUEST_MAX_MS;
  server.headersTimeout = WITNESS_REQUEST_MAX_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(witness: Witness, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url !== '/add-checkpoint') return say(response, 404, 'there is only /add-checkpoint here\n');
  if (request.method !== 'POST') return say(response, 405, 'POST a checkpoint\n');
  const body = await bodyOf(request);
  if (body === undefined) return say(response, 413, 'the request is too large\n');
  const { status, body: text } = await witness.add(body);
  say(response, status, text, status === 409 ? 'text/x.tlog.size' : 'text/plain; charset=utf-8');
}

/** The whole body as text, undefined when it is too large or no UTF-8. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    const chunk: Buffer = part; // without an encoding a request gives buffers
    bytes += chunk.length;
    if (bytes > WITNESS_REQUEST_MAX_BYTES) return undefined;
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}

function say(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(text);
}
