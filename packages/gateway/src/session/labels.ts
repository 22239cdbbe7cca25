import type { Clock } from '@sallyport/shared/clock';
import type { Pool } from 'pg';
import { LABEL_MAX_MS, LABEL_REFRESH_MS } from './limits.ts';

/** Who has read something. */
export interface Reader {
  readonly kind: 'service-account' | 'user';
  readonly name: string;
}

/** What this room needs of the store. */
export interface LabelStore {
  readonly pool: Pool;
  listen(channel: string, onNotice: (payload: string) => void, onGap: () => void): Promise<void>;
}

interface Row {
  principal_kind: Reader['kind'];
  principal: string;
  label: string;
  read_at: Date;
}

const CHANNEL = 'sallyport_labels';

// The notice is part of the statement, so that it is sent when the rows are there and not otherwise.
const WRITE = `
  WITH written AS (
    INSERT INTO principal_labels (principal_kind, principal, label, session, read_at)
    SELECT $1, $2, label, $4, $5 FROM unnest($3::text[]) AS label
    ON CONFLICT (principal_kind, principal, label)
    DO UPDATE SET session = excluded.session, read_at = greatest(principal_labels.read_at, excluded.read_at)
    RETURNING 1)
  SELECT pg_notify('${CHANNEL}', json_build_object('kind', $1, 'name', $2)::text) FROM written LIMIT 1`;

/**
 * What principals have read, as labels (information flow).
 *
 * They are the principal's and not one session's: what was read in one session can be written in the next, on another
 * server, by the same program. A label holds from before the first byte of the answer is released until LABEL_MAX_MS
 * after it was last read, whatever sessions end meanwhile; it survives restarts and is known to all replicas.
 */
export class Labels {
  readonly #store: LabelStore;
  readonly #clock: Clock;
  /** Milliseconds since 1970 of the last reading, by principal and label. */
  readonly #read = new Map<string, Map<string, number>>();
  /** Writes under way, by principal. */
  readonly #writing = new Map<string, Promise<unknown>>();

  #timer: NodeJS.Timeout | undefined;

  private constructor(store: LabelStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Loads all that hold, and keeps up with other replicas. */
  static async open(store: LabelStore, clock: Clock): Promise<Labels> {
    const labels = new Labels(store, clock);
    const reload = () => labels.#load().catch(() => undefined);
    await store.listen(
      CHANNEL,
      () => void reload(),
      () => void reload(),
    );
    await labels.#load();
    labels.#timer = setInterval(() => labels.#sweep(), LABEL_REFRESH_MS);
    labels.#timer.unref();
    return labels;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** The labels that hold now, sorted. */
  of(reader: Reader): readonly string[] {
    const read = this.#read.get(keyOf(reader));
    if (read === undefined) return NONE;
    const oldest = this.#clock.now() - LABEL_MAX_MS;
    return [...read].flatMap(([label, at]) => (at > oldest ? [label] : [])).sort();
  }

  /**
   * Labels a principal. When this resolves they are durable; from its call on they hold here, also where it rejects.
   * @returns those that did not hold before
   */
  async add(reader: Reader, session: string, labels: readonly string[]): Promise<string[]> {
    const key = keyOf(reader);
    const now = this.#clock.now();
    const held = this.of(reader);
    const read = this.#read.get(key) ?? new Map<string, number>();
    this.#read.set(key, read);
    // A reading soon after the last says nothing new that has to be written.
    const stale = labels.filter((label) => (read.get(label) ?? 0) <= now - LABEL_REFRESH_MS);
    const before = new Map(stale.map((label) => [label, read.get(label)]));
    for (const label of stale) read.set(label, now);
    const earlier = this.#writing.get(key);
    // What is not stale may be so because another call is just writing it.
    if (stale.length === 0) {
      await earlier;
      return [];
    }
    const write = this.#write(reader, session, stale, now).catch((thrown: unknown) => {
      // They go on holding, but the next reading has to write them: what is said to be durable must be.
      for (const [label, at] of before) read.set(label, at ?? now - LABEL_REFRESH_MS);
      throw thrown;
    });
    const all = Promise.all([earlier, write]).finally(() => {
      if (this.#writing.get(key) === all) this.#writing.delete(key);
    });
    this.#writing.set(key, all);
    await all;
    return stale.filter((label) => !held.includes(label));
  }

  async #write(reader: Reader, session: string, labels: readonly string[], now: number): Promise<void> {
    await this.#store.pool.query(WRITE, [reader.kind, reader.name, labels, session, new Date(now)]);
  }

  async #load(): Promise<void> {
    const since = new Date(this.#clock.now() - LABEL_MAX_MS);
    const { rows } = await this.#store.pool.query<Row>(
      'SELECT principal_kind, principal, label, read_at FROM principal_labels WHERE read_at > $1',
      [since],
    );
    for (const row of rows) {
      const key = keyOf({ kind: row.principal_kind, name: row.principal });
      const read = this.#read.get(key) ?? new Map<string, number>();
      this.#read.set(key, read);
      read.set(row.label, Math.max(read.get(row.label) ?? 0, row.read_at.getTime()));
    }
  }

  /** Forgets what no longer holds. */
  #sweep(): void {
    const oldest = this.#clock.now() - LABEL_MAX_MS;
    for (const [key, read] of this.#read) {
      for (const [label, at] of read) if (at <= oldest) read.delete(label);
      if (read.size === 0) this.#read.delete(key);
    }
  }
}

const NONE: readonly string[] = Object.freeze([]);

function keyOf({ kind, name }: Reader): string {
  return `${kind}:${name}`;
}
