import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** When the proxy cuts the connection that a statement goes over. */
export type Cut = 'before_write' | 'after_commit';

/** A statement, by text that only it has; with `behind`, the next such one in a transaction that has that text. */
export interface Place {
  readonly text: string;
  readonly behind?: string;
}

/** A unix-socket proxy in front of Postgres that can cut a connection at a chosen statement. */
export interface CuttingProxy {
  readonly url: string;
  /** Cuts at the next such statement, once; without a place, at the next flush of the log. */
  arm(cut: Cut, place?: Place): void;
  /** Whether nothing is armed: the cut has been made. */
  fired(): boolean;
  /** While refusing, connections end at once. */
  refuse(on: boolean): void;
  close(): Promise<void>;
}

const SOCKET = '.s.PGSQL.5432';
const FLUSH: Place = { text: 'audit-flush' };

export async function startProxy(url: string): Promise<CuttingProxy> {
  const target = new URL(url).searchParams.get('host');
  if (target === null) throw new Error('the URL has no socket folder');
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-proxy-'));
  const sockets = new Set<Socket>();
  let armed: { readonly cut: Cut; readonly place: Place } | undefined;
  let refusing = false;
  const server = createServer((client) => {
    const upstream = connect(join(target, SOCKET));
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', cut).on('close', cut);
    }
    if (refusing) return cut();
    let cutAtAnswer = false;
    let transaction = '';
    client.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      transaction = text.includes('BEGIN') ? text : transaction + text;
      if (armed !== undefined && isAt(armed.place, text, transaction)) {
        const { cut: now } = armed;
        armed = undefined;
        if (now === 'before_write') return cut();
        cutAtAnswer = true;
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      // Postgres answers a flush once its transaction is committed.
      if (cutAtAnswer) return cut();
      client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(join(folder, SOCKET), resolve));
  return {
    url: url.replace(encodeURIComponent(target), encodeURIComponent(folder)),
    arm: (cut, place = FLUSH) => {
      armed = { cut, place };
    },
    fired: () => armed === undefined,
    refuse: (on) => {
      refusing = on;
      if (on) for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function isAt({ text: wanted, behind }: Place, text: string, transaction: string): boolean {
  return text.includes(wanted) && (behind === undefined || transaction.includes(behind));
}
