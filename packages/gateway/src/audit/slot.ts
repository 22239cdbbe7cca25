import type { Frontier } from '@sallyport/shared/merkle';
import type { Store } from '../store/index.ts';
import { AuditError } from './errors.ts';
import { type DatedBody, leafBytes, leafHash, type Unplaced } from './leaf.ts';
import { BODIES_REMEMBERED, CONNECTION_MAX_MS, FLUSH_MAX_MS } from './limits.ts';
import { monthOf } from './partitions/months.ts';
import { flushStatement, type Subtree } from './statement.ts';
import { TILE_LEVELS } from './tree/levels.ts';
import { loadFrontier } from './tree/load.ts';
import type { Recorded } from './types.ts';

type Connection = Awaited<ReturnType<Store['dedicated']>>;

// Advisory locks of this class and the slot's number; per database.
const LOCK_CLASS = 0x5a_11;

// Nothing weaker than on: a standby's confirmation, where the server asks for it, is kept.
const PREPARE = `
  SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local');
  SET plan_cache_mode = force_generic_plan;
  SET statement_timeout = ${FLUSH_MAX_MS};`;

/**
 * A slot of the log while it is ours: one connection that holds the slot's advisory lock and makes every write.
 *
 * The lock is the fence. It is the session's, so whoever gets it knows that no earlier owner's statement can still
 * commit, and that the highest seq it reads is the end of the log.
 */
export class OwnedSlot {
  readonly slot: number;
  readonly #connection: Connection;
  /** The Merkle tree's right edge over everything that is confirmed. */
  #tree: Frontier;
  /** Milliseconds since 1970 of the last entry; 0 for an empty log. */
  readonly tailMs: number;
  /** Months and digests of bodies that are in the database. Gone with the slot: the next owner looks for itself. */
  readonly #kept = new Set<string>();
  #warned = false;
  #lost = false;

  private constructor(connection: Connection, slot: number, tree: Frontier, tailMs: number) {
    this.#connection = connection;
    this.slot = slot;
    this.#tree = tree;
    this.tailMs = tailMs;
    // A notice on a write is a commit that a standby did not confirm ("might not have been replicated"): not durable.
    connection.on('notice', () => {
      this.#warned = true;
    });
  }

  /**
   * Takes the slot, or undefined when another has it.
   *
   * @throws what the store throws when Postgres is away, and AuditError `origin_changed`.
   */
  static async take(store: Store, slot: number, origin: string): Promise<OwnedSlot | undefined> {
    const connection = await store.dedicated(`audit log ${slot}`);
    try {
      await connection.query(PREPARE);
      const lock = await connection.query<{ taken: boolean }>(
        'SELECT pg_try_advisory_lock($1, $2) AS taken',
        [LOCK_CLASS, slot],
      );
      if (lock.rows[0]?.taken !== true) {
        await connection.end();
        return undefined;
      }
      const tail = await connection.query<{ seq: string; ts: Date; origin: string }>(
        `SELECT seq, ts, leaf::json ->> 'origin' AS origin FROM audit_entries WHERE slot = $1 ORDER BY seq DESC LIMIT 1`,
        [slot],
      );
      const last = tail.rows[0];
      if (last !== undefined && last.origin !== origin) throw originChanged(last.origin, origin);
      // pg's rows are untyped; the caller names what its statement selects.
      const query = <Row extends object>(text: string, values: unknown[]) =>
        connection.query(text, values) as Promise<{ rows: Row[] }>;
      const tree = await loadFrontier(query, slot, last === undefined ? 0 : Number(last.seq) + 1);
      return new OwnedSlot(connection, slot, tree, last === undefined ? 0 : last.ts.getTime());
    } catch (error) {
      drop(connection);
      throw error;
    }
  }

  /** Entries in the log. */
  get size(): number {
    return this.#tree.size;
  }

  /** Root of the Merkle tree over them (RFC 6962). */
  root(): Buffer {
    return this.#tree.root();
  }

  /** Called once when the connection, and so the slot, is lost while nothing is being written. */
  onLost(listener: () => void): void {
    const once = (): void => {
      if (this.#lost) return;
      this.#lost = true;
      listener();
    };
    this.#connection.on('error', once);
    this.#connection.on('end', once);
  }

  /**
   * Writes a batch behind the log's end with one statement, which is its own transaction: **the commit point**. When
   * it resolves, all are durable and have the seq returned. When it rejects, all or none may be in the log, this
   * object must be dropped, and only the next owner can tell.
   */
  async flush(batch: readonly Unplaced[]): Promise<Recorded[]> {
    const first = this.#tree.size;
    const bytes = batch.map((entry, index) => leafBytes(entry, first + index));
    const hashes = bytes.map(leafHash);
    // The tree grows beside the old one, which stays what is confirmed until the commit is.
    const grown = this.#tree.copy();
    const complete: Subtree[] = [];
    for (const hash of hashes) {
      grown.append(hash, (level, index, root) => {
        if (level % TILE_LEVELS === 0) complete.push({ level, index, root });
      });
    }
    const bodies = this.#unkept(batch);
    const giveUp = setTimeout(() => drop(this.#connection), CONNECTION_MAX_MS);
    this.#warned = false;
    try {
      const result = await this.#connection.query(
        flushStatement({ slot: this.slot, first, batch, leaves: bytes, hashes, subtrees: complete, bodies }),
      );
      if (this.#warned) throw new Error('the commit was not confirmed by a standby');
      if (result.rowCount !== batch.length)
        throw new Error(`${result.rowCount} of ${batch.length} rows were written`);
    } finally {
      clearTimeout(giveUp);
    }
    this.#tree = grown;
    for (const body of bodies) this.#remember(keyOf(body));
    return batch.map((entry, index) => ({ seq: first + index, id: entry.id, ts: entry.ts }));
  }

  /** Bodies that are not known to be there: the same list is answered a thousand times and written once a month. */
  #unkept(batch: readonly Unplaced[]): DatedBody[] {
    const bodies = new Map<string, DatedBody>();
    for (const { body, tsMs } of batch) {
      if (body === undefined) continue;
      const dated = { ...body, tsMs };
      const key = keyOf(dated);
      if (!this.#kept.has(key) && !bodies.has(key)) bodies.set(key, dated);
    }
    return [...bodies.values()];
  }

  #remember(key: string): void {
    this.#kept.add(key);
    if (this.#kept.size <= BODIES_REMEMBERED) return;
    const [oldest] = this.#kept;
    if (oldest !== undefined) this.#kept.delete(oldest);
  }

  forgetBodies(): void {
    this.#kept.clear();
  }

  query<Row extends object>(text: string, values: unknown[]): Promise<{ rows: Row[] }> {
    // pg's rows are untyped; the caller names what its statement selects.
    return this.#connection.query(text, values) as Promise<{ rows: Row[] }>;
  }

  /** A query that may take as long as it takes: only while nothing waits for the log. */
  async unhurried<Row extends object>(text: string, values: unknown[]): Promise<{ rows: Row[] }> {
    await this.#connection.query('SET statement_timeout = 0');
    const result = await this.query<Row>(text, values);
    await this.#connection.query(`SET statement_timeout = ${FLUSH_MAX_MS}`);
    return result;
  }

  /** Lets the slot go in order. */
  async release(): Promise<void> {
    this.#lost = true;
    const giveUp = setTimeout(() => drop(this.#connection), CONNECTION_MAX_MS);
    await this.#connection.end().catch(() => undefined);
    clearTimeout(giveUp);
  }

  /** Cuts the connection; the server then ends the session and with it the lock. */
  abandon(): void {
    this.#lost = true;
    drop(this.#connection);
  }
}

/** A month and a body's digest: a month that goes takes its own bodies along, and no other month's. */
function keyOf({ digest, tsMs }: DatedBody): string {
  return `${monthOf(tsMs)} ${digest.toString('latin1')}`;
}

function drop(connection: Connection): void {
  connection.connection.stream.destroy();
}

function originChanged(was: string, now: string): AuditError {
  return new AuditError(
    'origin_changed',
    `This log was begun as "${was}" and would go on as "${now}". Set the deployment name back (SALLYPORT_DEPLOYMENT_NAME), or use a new database.`,
  );
}
