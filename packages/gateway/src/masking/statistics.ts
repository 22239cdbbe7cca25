import type { Clock } from '@sallyport/shared/clock';
import type { Store } from '../store/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { COUNTS_FLUSH_MS, COUNTS_WAITING_MAX, NAME_MAX_CHARACTERS } from './limits.ts';

/** Redactions of one kind, and which of the two ends made them. Never a value. */
export interface CountedFinding {
  readonly rule: string;
  readonly detector: string;
  readonly entity: string;
  readonly carrier: string;
  readonly at: 'agent' | 'gateway';
  readonly count: number;
}

export interface CountQuery {
  /** UTC days, `2026-11-26`, both of them included. */
  readonly from: string;
  readonly until: string;
  readonly server?: string;
  readonly rule?: string;
}

/** What one rule hid on one server over the days asked for. */
export interface RuleCount extends Omit<CountedFinding, 'rule'> {
  readonly rule: string;
  readonly server: string;
  /** Days on which there was any. */
  readonly days: number;
  readonly lastDay: string;
}

interface Waiting extends CountedFinding {
  readonly day: string;
  readonly server: string;
}

/**
 * How often each rule hides something, by day. Counted in memory and written now and then, so that it costs a call
 * nothing; a gateway that is killed loses some seconds of it. What must not be lost is in the log.
 */
export class MaskingStatistics {
  readonly #store: Pick<Store, 'pool'>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #waiting = new Map<string, { finding: Waiting; count: number }>();
  #flushing: Promise<void> = Promise.resolve();

  constructor(store: Pick<Store, 'pool'>, clock: Clock, logger: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.flush(), COUNTS_FLUSH_MS);
    this.#timer.unref();
  }

  add(server: string, findings: readonly CountedFinding[]): void {
    if (findings.length === 0) return;
    const day = new Date(this.#clock.now()).toISOString().slice(0, 10);
    for (const finding of findings) {
      const { rule, detector, entity, carrier, at, count } = finding;
      const key = [day, server, rule, detector, entity, carrier, at].join('\n');
      const known = this.#waiting.get(key);
      if (known !== undefined) known.count += count;
      else if (this.#waiting.size < COUNTS_WAITING_MAX)
        this.#waiting.set(key, { finding: { ...finding, day, server }, count });
    }
  }

  /** Writes what is counted. What can't be written stays counted. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#write());
    return this.#flushing;
  }

  /** Sums over days, the largest first. */
  async counts(query: CountQuery): Promise<RuleCount[]> {
    await this.flush();
    const { rows } = await this.#store.pool.query<
      Omit<RuleCount, 'at' | 'count'> & { at: string; count: string }
    >(
      `SELECT server, rule, detector, entity, carrier, found_at AS at, sum(count) AS count,
              count(DISTINCT day)::int AS days, max(day)::text AS "lastDay"
         FROM masking_counts
        WHERE day BETWEEN $1 AND $2 AND ($3::text IS NULL OR server = $3) AND ($4::text IS NULL OR rule = $4)
        GROUP BY server, rule, detector, entity, carrier, found_at
        ORDER BY sum(count) DESC, server, rule, detector, entity, carrier, found_at`,
      [query.from, query.until, query.server ?? null, query.rule ?? null],
    );
    // Cast: the table's own check holds `found_at` to these two.
    return rows.map((row) => ({ ...row, at: row.at as RuleCount['at'], count: Number(row.count) }));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  async #write(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const taken = this.#waiting;
    this.#waiting = new Map();
    const rows = [...taken.values()];
    const column = (of: (finding: Waiting) => string): string[] =>
      rows.map(({ finding }) =>
        of(finding).slice(0, NAME_MAX_CHARACTERS).toWellFormed().replaceAll('\0', ''),
      );
    try {
      await this.#store.pool.query(
        `INSERT INTO masking_counts (day, server, rule, detector, entity, carrier, found_at, count)
         SELECT day, server, rule, detector, entity, carrier, found_at, sum(count)
           FROM unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[])
             AS new (day, server, rule, detector, entity, carrier, found_at, count)
          GROUP BY 1, 2, 3, 4, 5, 6, 7
         ON CONFLICT (day, server, rule, detector, entity, carrier, found_at)
         DO UPDATE SET count = masking_counts.count + excluded.count`,
        [
          column(({ day }) => day),
          column(({ server }) => server),
          column(({ rule }) => rule),
          column(({ detector }) => detector),
          column(({ entity }) => entity),
          column(({ carrier }) => carrier),
          column(({ at }) => at),
          rows.map(({ count }) => count),
        ],
      );
    } catch (thrown) {
      this.#logger.warn('statistics of masking were not written', { error: String(thrown) });
      for (const { finding, count } of taken.values()) this.#putBack(finding, count);
    }
  }

  #putBack(finding: Waiting, count: number): void {
    const { day, server, rule, detector, entity, carrier, at } = finding;
    const key = [day, server, rule, detector, entity, carrier, at].join('\n');
    const known = this.#waiting.get(key);
    if (known !== undefined) known.count += count;
    else if (this.#waiting.size < COUNTS_WAITING_MAX) this.#waiting.set(key, { finding, count });
  }
}
