/** The floor's agent: one server process and one gRPC stream per session. `node back.ts GRPC_PORT PROGRAM [ARG…]`. */

import { spawn } from 'node:child_process';
import { type ClientDuplexStream, type ClientReadableStream, credentials } from '@grpc/grpc-js';
import { type Frame, loadRelay } from './wire.ts';

const [grpcPort, program = '', ...args] = process.argv.slice(2);
const client = new (loadRelay())(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
const NEWLINE = 0x0a;

function openChannel(session: number): void {
  // The client's methods are made from relay.proto; these are their types.
  const channel = client.Channel?.() as ClientDuplexStream<Frame, Frame>;
  const server = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  let rest: Buffer = Buffer.alloc(0);
  server.stdout.on('data', (chunk: Buffer) => {
    let bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
      channel.write({ message: bytes.subarray(0, end) });
      bytes = bytes.subarray(end + 1);
    }
    rest = bytes;
  });
  channel.on('data', (frame: Frame) => {
    server.stdin.write(frame.message ?? '');
    server.stdin.write('\n');
  });
  channel.on('error', () => server.kill());
  channel.write({ session });
}

const attached = client.Attach?.({}) as ClientReadableStream<Frame>;
attached.on('metadata', () => process.stdout.write('ready\n'));
attached.on('data', (frame: Frame) => openChannel(frame.session ?? 0));
attached.on('error', () => process.exit(1));
