import { errorText } from '@sallyport/shared/errors';
import type { Redis } from 'ioredis';
import type { Logger } from 'winston';
import { PING_INTERVAL_MS, REDIS_ANSWER_MAX_MS, REDIS_RECONNECT_MAX_MS } from './limits.ts';

/** A connection to Redis that is made again by itself, and that fails at once while it is away. */
export interface RedisConnection {
  readonly client: Redis;
  /** Whether Redis answered lately. */
  healthy(): boolean;
  close(): Promise<void>;
}

/**
 * Opens a connection for commands that must be answered soon or not at all. A Redis that is away now does not keep the
 * gateway from starting: what needs it says so until it is back. The client is loaded here, so that a gateway without
 * Redis does not carry it.
 *
 * @param options.prefix of every key: several gateways may share a Redis
 */
export async function openRedis(options: {
  url: string;
  prefix: string;
  logger: Logger;
}): Promise<RedisConnection> {
  const { url, prefix, logger } = options;
  const { Redis: Client } = await import('ioredis');
  const client = new Client(url, {
    keyPrefix: prefix,
    connectTimeout: REDIS_ANSWER_MAX_MS,
    commandTimeout: REDIS_ANSWER_MAX_MS,
    // What could not be said now is not said later: a count that comes after its call was refused counts nothing.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), REDIS_RECONNECT_MAX_MS),
  });
  let answered = false;
  let said: boolean | undefined;
  const note = (healthy: boolean, reason?: string): void => {
    answered = healthy;
    if (said === healthy) return;
    said = healthy;
    if (healthy) logger.info('Redis answers');
    else logger.warn('Redis does not answer: what it counts is refused until it does', { reason });
  };
  // Without a listener an error of the connection would end the process.
  client.on('error', (error: unknown) => note(false, errorText(error)));
  client.on('close', () => note(false, 'the connection was lost'));
  client.on('ready', () => note(true));
  const ask = (): Promise<void> =>
    client.ping().then(
      () => note(true),
      (error: unknown) => note(false, errorText(error)),
    );
  const timer = setInterval(ask, PING_INTERVAL_MS);
  timer.unref();
  await new Promise<void>((resolve) => {
    client.once('ready', resolve);
    client.once('close', resolve);
  });
  return {
    client,
    healthy: () => answered && client.status === 'ready',
    close: async () => {
      clearInterval(timer);
      client.disconnect();
    },
  };
}
