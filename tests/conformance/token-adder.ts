import { Agent, createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TokenAdder {
  /** With the path of `target`, at `localhost`: the suite's DNS-rebinding scenario refuses other names. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * An HTTP pass-through that adds the bearer token the suite cannot send. Bodies, statuses, streams and header values
 * pass unchanged in both directions, above all Host and Origin, which the suite falsifies on
 * purpose. A client that goes away is a client that goes away behind it too.
 */
export async function startTokenAdder(target: string, token: string): Promise<TokenAdder> {
  const { hostname, port, pathname } = new URL(target);
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
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  // A TCP listener's address is an object, never a pipe's name.
  const own = (listener.address() as AddressInfo).port;
  return {
    url: `http://localhost:${own}${pathname}`,
    stop: () => {
      agent.destroy();
      listener.closeAllConnections();
      return new Promise((resolve) => listener.close(() => resolve()));
    },
  };
}
