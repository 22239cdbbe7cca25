import { Agent, createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TokenAdder {
  /** The same path as `url`, by way of the pass-through; at `localhost`, since the suite demands that name. */
  through(url: string): string;
  stop(): Promise<void>;
}

/**
 * An HTTP pass-through that adds the bearer token the suite cannot send. Bodies, statuses, streams and header values
 * pass unchanged in both directions, above all Host and Origin, which the suite falsifies on
 * purpose. A client that goes away is a client that goes away behind it too.
 */
export async function startTokenAdder(target: string, token: string, ownPort = 0): Promise<TokenAdder> {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const pass = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const onward = send(
      {
        agent,
        hostname,
        port,
        method: incoming.method,
        path: incoming.url,
        headers: { ...incoming.headers, authorization: `Bearer ${token}` },
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        outgoing.flushHeaders();
        answer.pipe(outgoing);
        answer.on('error', () => outgoing.destroy());
      },
    );
    onward.on('error', () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end()));
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  };
  const listener = createServer(pass);
  await new Promise<void>((resolve) => listener.listen(ownPort, '127.0.0.1', resolve));
  // A TCP listener's address is an object, never a pipe's name.
  const { port: bound } = listener.address() as AddressInfo;
  return {
    through: (url) => `http://localhost:${bound}${new URL(url).pathname}`,
    stop: () => {
      agent.destroy();
      listener.closeAllConnections();
      return new Promise((resolve) => listener.close(() => resolve()));
    },
  };
}
