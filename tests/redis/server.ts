import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../conformance/processes.ts';

const READY_MS = 10_000;

/** A Redis of this test's own. It keeps nothing on disk: a restart is a Redis that has forgotten everything. */
export class TestRedis {
  readonly url: string;
  readonly #port: number;
  readonly #folder: string;
  #server: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.#port = port;
    this.#folder = folder;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(): Promise<TestRedis> {
    const redis = new TestRedis(await freePort(), await mkdtemp(join(tmpdir(), 'sallyport-redis-')));
    await redis.start();
    return redis;
  }

  async start(): Promise<void> {
    const place = ['--port', String(this.#port), '--bind', '127.0.0.1', '--dir', this.#folder];
    const server = spawn('redis-server', [...place, '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
    const failed = once(server, 'error').then(([error]: unknown[]) => {
      throw new Error('redis-server does not start. Install it: apt-get install redis-server', {
        cause: error,
      });
    });
    this.#server = server;
    await Promise.race([failed, this.#untilReady()]);
    failed.catch(() => undefined);
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }

  /** It takes connections and answers nothing, as a host does that is out of memory. */
  freeze(): void {
    this.#server?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#server?.kill('SIGCONT');
  }

  /** One command, and the first line of its answer. */
  command(...words: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(this.#port, '127.0.0.1', () => {
        const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
        socket.write(`*${words.length}\r\n${parts.join('')}`);
      });
      socket.once('data', (data) => {
        resolve(data.toString('utf8').split('\r\n')[0] ?? '');
        socket.destroy();
      });
      socket.once('error', reject);
      socket.setTimeout(1_000, () => socket.destroy(new Error('no answer')));
    });
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #untilReady(): Promise<void> {
    for (const until = Date.now() + READY_MS; Date.now() < until; ) {
      if ((await this.command('PING').catch(() => '')) === '+PONG') return;
      await sleep(20);
    }
    throw new Error('redis-server was not ready in time');
  }
}
