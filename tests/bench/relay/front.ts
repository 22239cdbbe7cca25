/**
 * The floor's gateway: HTTP in, gRPC out, no policy, no log, no masking, no identity. `node front.ts PORT GRPC_PORT`.
 * What Sallyport costs on top of this is what governing costs.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { type Frame, loadRelay } from './wire.ts';

type ChannelStream = ServerDuplexStream<Frame, Frame>;

interface RelaySession {
  readonly channel: ChannelStream;
  /** Responses that wait for an answer, by request id. */
  readonly waiting: Map<unknown, ServerResponse>;
}

const sessions = new Map<string, RelaySession>();
const opening = new Map<number, (channel: ChannelStream) => void>();
let back: ServerWritableStream<Frame, Frame> | undefined;
let lastSession = 0;

function openSession(): Promise<[string, RelaySession]> {
  const number = ++lastSession;
  return new Promise((resolve) => {
    opening.set(number, (channel) => {
      const session: RelaySession = { channel, waiting: new Map() };
      sessions.set(String(number), session);
      channel.on('data', (frame: Frame) => answer(session, frame.message ?? Buffer.alloc(0)));
      resolve([String(number), session]);
    });
    back?.write({ session: number });
  });
}

function answer(session: RelaySession, message: Buffer): void {
  const { id } = JSON.parse(message.toString()) as { id?: unknown };
  const response = session.waiting.get(id);
  session.waiting.delete(id);
  response?.end(message);
}

async function relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const message = Buffer.concat(chunks);
  const { id } = JSON.parse(message.toString()) as { id?: unknown };
  const given = String(request.headers['mcp-session-id'] ?? '');
  const known = sessions.get(given);
  const [name, session] = known ? [given, known] : await openSession();
  response.setHeader('content-type', 'application/json');
  response.setHeader('mcp-session-id', name);
  if (id === undefined) response.writeHead(202).end();
  else session.waiting.set(id, response);
  session.channel.write({ message });
}

const grpc = new Server();
grpc.addService(loadRelay().service, {
  Attach: (call: ServerWritableStream<Frame, Frame>) => {
    back = call;
    call.sendMetadata(new Metadata()); // tells the back end that it is attached
  },
  Channel: (call: ChannelStream) => {
    call.once('data', (frame: Frame) => {
      const number = frame.session ?? 0;
      opening.get(number)?.(call);
      opening.delete(number);
    });
    call.on('error', () => {});
  },
});
const [port, grpcPort] = process.argv.slice(2);
grpc.bindAsync(`127.0.0.1:${grpcPort}`, ServerCredentials.createInsecure(), () => {
  createServer((request, response) => void relay(request, response)).listen(Number(port), '127.0.0.1', () =>
    process.stdout.write('ready\n'),
  );
});
