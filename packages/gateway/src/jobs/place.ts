import type { BaseJobOptions, PostgresConnectionOptions, Processor } from 'bullmq';
import type { Store } from '../store/index.ts';
import {
  CONCURRENCY,
  EVENTS_KEPT,
  POOL_MAX_CONNECTIONS,
  RECONNECT_MAX_MS,
  REDIS_ANSWER_MAX_MS,
} from './limits.ts';

/** Where wakes are kept: Redis where there is one, else the gateway's own Postgres. */
export type JobsPlace =
  | { readonly store: Pick<Store, 'separatePool'> }
  | {
      readonly redisUrl: string;
      /** Of every key: several gateways may share a Redis. */
      readonly prefix: string;
    };

/** All that a job holds. What it is about is read from Postgres when it is looked at. */
export interface Wake {
  readonly id: string;
}

type Look = Processor<Wake, void, string>;

/** The queue in its place, and who works on it: what is used of BullMQ, whatever its backend. */
export interface Bound {
  add(name: string, data: Wake, options: BaseJobOptions): Promise<unknown>;
  /** Begins to work on it. */
  work(look: Look, onFailed: (error: Error) => void): void;
  /** Resolves when what is under way is done. */
  close(): Promise<unknown>;
  /** Ends the connections that are ours. */
  end(): Promise<void>;
}

const NAME = 'wakes';
const WORKER = { concurrency: CONCURRENCY, autorun: true } as const;
const STREAMS = { events: { maxLen: EVENTS_KEPT } } as const;

/** BullMQ and its driver are loaded here: a command of the client never carries them. */
export function bind(place: JobsPlace, onError: (error: Error) => void): Promise<Bound> {
  return 'store' in place ? onPostgres(place.store, onError) : onRedis(place.redisUrl, place.prefix, onError);
}

async function onPostgres(
  store: Pick<Store, 'separatePool'>,
  onError: (error: Error) => void,
): Promise<Bound> {
  const { createPostgresBackend, withBackend } = await import('bullmq');
  const { Queue, Worker } = withBackend(createPostgresBackend);
  // Of its own, so that calls and jobs never wait for each other's connections.
  const pool = store.separatePool({ name: 'jobs', schema: 'bullmq', max: POOL_MAX_CONNECTIONS });
  // Cast: BullMQ takes a Pool as it is, by its documentation; its type asks for an index signature too.
  const connection = pool as object as PostgresConnectionOptions;
  const queue = new Queue<Wake, void>(NAME, { connection, streams: STREAMS });
  const make = (look: Look) => new Worker<Wake, void>(NAME, look, { connection, ...WORKER });
  return boundOf(queue, make, onError, () => pool.end());
}

async function onRedis(url: string, prefix: string, onError: (error: Error) => void): Promise<Bound> {
  const [{ Queue, Worker }, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')]);
  const retryStrategy = (attempt: number): number =>
    Math.min(50 * 2 ** Math.min(attempt, 10), RECONNECT_MAX_MS);
  // A wake that can't be noted now is not noted later: the sweep finds what it was about.
  const adding = new Redis(url, {
    retryStrategy,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: REDIS_ANSWER_MAX_MS,
    commandTimeout: REDIS_ANSWER_MAX_MS,
  });
  // BullMQ demands that what waits for jobs is never given up.
  const working = new Redis(url, { retryStrategy, maxRetriesPerRequest: null });
  // Without a listener an error of a connection would end the process.
  for (const client of [adding, working]) client.on('error', onError);
  const queue = new Queue<Wake, void, string>(NAME, {
    connection: adding,
    prefix,
    streams: STREAMS,
  });
  const make = (look: Look) =>
    new Worker<Wake, void, string>(NAME, look, { connection: working, prefix, ...WORKER });
  return boundOf(queue, make, onError, async () => {
    for (const client of [adding, working]) client.disconnect();
  });
}

interface AnyQueue {
  add(name: string, data: Wake, options: BaseJobOptions): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}

interface AnyWorker {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'failed', listener: (job: unknown, error: Error) => void): unknown;
  close(): Promise<void>;
}

function boundOf(
  queue: AnyQueue,
  make: (look: Look) => AnyWorker,
  onError: (error: Error) => void,
  end: () => Promise<void>,
): Bound {
  queue.on('error', onError);
  let worker: AnyWorker | undefined;
  return {
    add: (name, data, options) => queue.add(name, data, options),
    work: (look, onFailed) => {
      worker = make(look);
      worker.on('error', onError);
      worker.on('failed', (_job, error) => onFailed(error));
    },
    close: () => Promise.allSettled([worker?.close(), queue.close()]),
    end,
  };
}
