import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import { ADDING_MAX, ATTEMPTS_MAX, CLOSE_MAX_MS, RETRY_FIRST_MS } from './limits.ts';
import { type Bound, bind, type JobsPlace } from './place.ts';

/**
 * Looks at what has this id, as Postgres has it now, and does what is due.
 *
 * @returns when to look again, in milliseconds since 1970; undefined: not any more
 */
export type Look = (id: string) => Promise<number | undefined>;

export interface JobsOptions {
  readonly place: JobsPlace;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Wakes who looks. A job holds a kind and an id and nothing else: what is so, and until when, is in the tables of the
 * rooms. So a job that is lost only makes late what a sweep does, and one that comes twice finds nothing to do.
 */
export class Jobs {
  readonly #options: JobsOptions;
  readonly #bound: Bound;
  readonly #adding = new Set<Promise<void>>();
  readonly #health: Health;

  private constructor(options: JobsOptions, bound: Bound, health: Health) {
    this.#options = options;
    this.#bound = bound;
    this.#health = health;
  }

  /** Does not wait for the place: one that is away keeps nothing from starting. */
  static async open(options: JobsOptions): Promise<Jobs> {
    const health = new Health(options.logger);
    return new Jobs(options, await bind(options.place, (error) => health.failed(error)), health);
  }

  /** Begins to look, with one look for each kind. */
  work(looks: Readonly<Record<string, Look>>): void {
    const { clock, logger } = this.#options;
    this.#bound.work(
      async (job, token) => {
        this.#health.answered();
        // The queue may be kept where others write: a name is one of ours or none.
        const look = Object.hasOwn(looks, job.name) ? looks[job.name] : undefined;
        const again = await look?.(String(job.data.id));
        if (again === undefined) return;
        const { DelayedError } = await import('bullmq');
        await job.moveToDelayed(Math.max(again, clock.now()), token);
        // BullMQ's own way to say that the job goes on: it is neither done nor failed.
        throw new DelayedError();
      },
      (error) => logger.debug('a look failed; it is tried again', { reason: errorText(error) }),
    );
  }

  /** Has it looked at then, by one of the replicas. Never throws and is not waited for: a sweep finds what is lost. */
  wake(kind: string, id: string, atMs: number): void {
    const { clock } = this.#options;
    // Until the place was reached once, wakes wait for it; more than this are left to the sweep.
    if (this.#adding.size >= ADDING_MAX) return;
    const adding = this.#bound
      .add(
        kind,
        { id },
        {
          // Of our own: BullMQ would create a sequence for its own, and the serving role may create nothing.
          jobId: randomUUID(),
          delay: Math.max(0, atMs - clock.now()),
          attempts: ATTEMPTS_MAX,
          backoff: { type: 'exponential', delay: RETRY_FIRST_MS },
          removeOnComplete: true,
          removeOnFail: true,
        },
      )
      .then(
        () => this.#health.answered(),
        (error: unknown) => this.#health.failed(error),
      )
      .finally(() => this.#adding.delete(adding));
    this.#adding.add(adding);
  }

  async close(): Promise<void> {
    const closed = Promise.allSettled([...this.#adding]).then(() => this.#bound.close());
    // A place that is away would be waited for without end.
    await Promise.race([closed, sleep(CLOSE_MAX_MS, undefined, { ref: false })]);
    await this.#bound.end().catch(() => undefined);
  }
}

/** Says once that the queue is away, and once that it is back: a queue that is away fails many times a second. */
class Health {
  readonly #logger: Logger;
  #away = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  failed(error: unknown): void {
    if (this.#away) return;
    this.#away = true;
    this.#logger.warn('the job queue does not answer; sweeps do its work, later', {
      reason: errorText(error),
    });
  }

  answered(): void {
    if (!this.#away) return;
    this.#away = false;
    this.#logger.info('the job queue answers again');
  }
}
