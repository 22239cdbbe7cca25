import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '@sallyport/shared/errors';
import type { Client } from 'pg';
import type { Logger } from 'winston';
import { PING_INTERVAL_MS, PING_MAX_MS, RECONNECT_FIRST_MS, RECONNECT_MAX_MS } from './limits.ts';

interface Listener {
  readonly channel: string;
  readonly onNotice: (payload: string) => void;
  readonly onGap: () => void;
}

const CHANNEL = /^[a-z][a-z0-9_]{0,62}$/;

/**
 * The store's own connection: it listens for notices and, by asking once a second, knows whether Postgres answers.
 *
 * Notices sent while it was away are lost, so every listener is told of the gap once the connection listens again.
 */
export class Watch {
  readonly #connect: () => Promise<Client>;
  readonly #logger: Logger;
  readonly #listeners: Listener[] = [];
  readonly #closing = new AbortController();
  #client: Client | undefined;
  #healthy = false;
  #loop: Promise<void> | undefined;
  /** Ends the pause of the loop that keeps the connection: something failed, look now. */
  #wake: () => void = () => undefined;

  constructor(connect: () => Promise<Client>, logger: Logger) {
    this.#connect = connect;
    this.#logger = logger;
  }

  /** The first connection must succeed; from then on it is kept up in the background. */
  async start(): Promise<void> {
    const client = await this.#connect();
    this.#loop = this.#keep(client);
  }

  healthy(): boolean {
    return this.#healthy;
  }

  /** Some connection failed: ask at once instead of within a second. */
  suspect(): void {
    this.#wake();
  }

  /** Resolves when the channel is listened to, or at once with a gap to come when Postgres is away now. */
  async listen(channel: string, onNotice: (payload: string) => void, onGap: () => void): Promise<void> {
    if (!CHANNEL.test(channel)) throw new RangeError(`"${channel}" is not a channel's name`);
    this.#listeners.push({ channel, onNotice, onGap });
    await this.#client?.query(`LISTEN ${channel}`).catch(() => {
      this.#wake();
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    await this.#loop;
    this.#healthy = false;
  }

  async #keep(first: Client): Promise<void> {
    let client: Client | undefined = first;
    let waitMs = RECONNECT_FIRST_MS;
    while (!this.#closing.signal.aborted) {
      if (client !== undefined) {
        const served = await this.#serve(client, client !== first);
        this.#healthy = false;
        this.#client = undefined;
        endNow(client);
        if (served) waitMs = RECONNECT_FIRST_MS;
        if (this.#closing.signal.aborted) return;
      }
      await sleep(waitMs * (0.75 + Math.random() / 2), undefined, { signal: this.#closing.signal }).catch(
        () => undefined,
      );
      waitMs = Math.min(waitMs * 2, RECONNECT_MAX_MS);
      if (this.#closing.signal.aborted) return;
      client = await this.#connect().catch((error: unknown) => {
        this.#logger.warn('database does not answer', { reason: errorText(error) });
        return undefined;
      });
    }
  }

  /** Uses one connection until it fails or the store closes. True when it answered at least once. */
  async #serve(client: Client, again: boolean): Promise<boolean> {
    let lost = false;
    const onLost = (): void => {
      lost = true;
      this.#healthy = false;
      this.#wake();
    };
    client.on('error', onLost);
    client.on('end', onLost);
    client.on('notification', (notice) => {
      for (const listener of this.#listeners) {
        if (listener.channel === notice.channel) listener.onNotice(notice.payload ?? '');
      }
    });
    try {
      for (const channel of new Set(this.#listeners.map((listener) => listener.channel))) {
        await client.query(`LISTEN ${channel}`);
      }
      this.#client = client;
      await ask(client);
    } catch {
      return false;
    }
    this.#healthy = true;
    if (again) {
      this.#logger.info('database answers again');
      for (const listener of this.#listeners) listener.onGap();
    }
    while (!lost && !this.#closing.signal.aborted) {
      await this.#pause();
      if (lost || this.#closing.signal.aborted) break;
      try {
        await ask(client);
      } catch (error) {
        this.#logger.warn('database does not answer', { reason: errorText(error) });
        break;
      }
    }
    return true;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PING_INTERVAL_MS);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** @throws when Postgres has no answer within the bound: its connection is then given up. */
async function ask(client: Client): Promise<void> {
  const late = new AbortController();
  const bound = sleep(PING_MAX_MS, undefined, { signal: late.signal, ref: false }).then(() => {
    throw new Error(`no answer within ${PING_MAX_MS} ms`);
  });
  try {
    await Promise.race([client.query('SELECT 1'), bound]);
  } finally {
    bound.catch(() => undefined);
    late.abort();
  }
}

/** Ends a connection that may be dead: a polite end waits for a peer that may never answer. */
function endNow(client: Client): void {
  const timer = setTimeout(() => client.connection.stream.destroy(), PING_MAX_MS);
  timer.unref();
  client
    .end()
    .catch(() => undefined)
    .finally(() => clearTimeout(timer));
}
