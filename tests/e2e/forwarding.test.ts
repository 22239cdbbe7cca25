import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { type RunningApi, startApi } from '../../packages/gateway/test/admin/running-api.ts';
import { intent, outcome } from '../../packages/gateway/test/audit/draft.ts';
import { tlsCertificate } from './anchors/authority.ts';

/** A syslog receiver (RFC 5425): frames by their length, over TLS. */
class Receiver {
  readonly messages: string[] = [];
  readonly sockets = new Set<TLSSocket>();
  readonly server: Server;
  constructor(pem: { cert: string; key: string }) {
    this.server = createServer(pem, (socket) => {
      this.sockets.add(socket);
      let rest = Buffer.alloc(0);
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('data', (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk]);
        for (;;) {
          const space = rest.indexOf(0x20);
          const length = Number(rest.subarray(0, Math.max(0, space)).toString());
          if (space < 1 || rest.length < space + 1 + length) return;
          this.messages.push(rest.subarray(space + 1, space + 1 + length).toString('utf8'));
          rest = rest.subarray(space + 1 + length);
        }
      });
    });
  }
  async listen(port = 0): Promise<number> {
    this.server.listen(port, 'localhost');
    await once(this.server, 'listening');
    // Cast: it listens on a port.
    return (this.server.address() as AddressInfo).port;
  }
  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
  seqs(): number[] {
    return this.messages.map((message) => Number(/ cn1=(\d+)/.exec(message)?.[1]));
  }
}

let pem: Awaited<ReturnType<typeof tlsCertificate>>;
let api: RunningApi | undefined;
beforeAll(async () => {
  pem = await tlsCertificate('localhost');
});
afterEach(async () => {
  await api?.stop();
  api = undefined;
});

async function until(condition: () => boolean, ms = 20_000): Promise<void> {
  for (let waited = 0; waited < ms; waited += 20) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it did not come');
}

async function calls(from: number, count: number): Promise<void> {
  for (let call = from; call < from + count; call += 1) {
    await api?.rooms.audit.record(intent(`cal_${call}`));
    await api?.rooms.audit.record(outcome(`cal_${call}`));
  }
}
const target = (port: number) => ({ host: 'localhost', port, format: 'cef' as const, ca: pem.ca });

test('every entry is handed over in order; what a receiver misses while it is away comes when it is back', async () => {
  let receiver = new Receiver(pem);
  const port = await receiver.listen();
  api = await startApi({ forwardTo: [target(port)] });
  await calls(0, 10);
  await until(() => receiver.messages.length >= 21);
  expect(receiver.seqs()).toEqual(receiver.seqs().map((_, seq) => seq));
  expect(receiver.messages[1]).toMatch(
    /^<110>1 \d{4}-\d\d-\d\dT\S+Z \S+ sallyport - \S+ - \ufeffCEF:0\|Sallyport\|Gateway\|/,
  );
  const before = receiver.messages.length;
  await receiver.stop();
  await calls(10, 10);
  await until(() => api?.rooms.audit.forwarding()[0]?.problem !== undefined);
  receiver = new Receiver(pem);
  await receiver.listen(port);
  const size = api.rooms.audit.size();
  await until(() => receiver.seqs().includes(size - 1));
  const seqs = receiver.seqs();
  // At least once: nothing is missing behind what was confirmed, and what comes again comes in order.
  expect(seqs).toEqual(seqs.map((_, i) => (seqs[0] ?? 0) + i));
  expect(seqs[0]).toBeLessThanOrEqual(before);
  const kinds = (await api.entries({ kind: 'log.forward_failed', limit: 9 })).length;
  expect(kinds).toBe(1);
  expect(await api.entries({ kind: 'log.forwarding', limit: 9 })).toHaveLength(1);
  await until(() => (api?.rooms.audit.forwarding()[0]?.confirmed ?? 0) >= size, 30_000);
  await receiver.stop();
}, 90_000);

test('a stop closes in order, and the next start goes on behind it', async () => {
  const receiver = new Receiver(pem);
  const port = await receiver.listen();
  api = await startApi({ forwardTo: [target(port)] });
  await calls(0, 5);
  await until(() => receiver.messages.length >= 11);
  await api.rooms.audit.close();
  expect(api.rooms.audit.forwarding()[0]).toMatchObject({ confirmed: receiver.messages.length });
  await receiver.stop();
});

test('a receiver whose certificate is not believed gets nothing', async () => {
  const receiver = new Receiver(await tlsCertificate('localhost'));
  const port = await receiver.listen();
  api = await startApi({ forwardTo: [target(port)] });
  await calls(0, 2);
  await until(() => api?.rooms.audit.forwarding()[0]?.problem !== undefined);
  expect(api.rooms.audit.forwarding()[0]?.problem).toMatch(/certificate|self-signed|verify/i);
  expect(receiver.messages).toEqual([]);
  await receiver.stop();
});

test('a receiver that does not read keeps nobody: calls are recorded, and the gateway stops', async () => {
  const deaf = createServer(pem, (socket) => {
    socket.pause();
    socket.on('error', () => undefined);
  });
  deaf.listen(0, 'localhost');
  await once(deaf, 'listening');
  api = await startApi({ forwardTo: [target((deaf.address() as AddressInfo).port)] });
  await Promise.all(Array.from({ length: 20 }, (_, i) => calls(i * 100, 100)));
  expect(api.rooms.audit.forwarding()[0]?.waiting).toBeGreaterThan(1_000);
  // It does stop: this test would not end otherwise.
  await api.stop();
  api = undefined;
  deaf.close();
}, 60_000);
