import pg from 'pg';
import { BankError, toBankError } from './errors.ts';
import {
  CONNECT_TIMEOUT_MS,
  POOL_CONNECTIONS_MAX,
  POOL_IDLE_MS,
  SEED_TIMEOUT_MS,
  STATEMENT_TIMEOUT_MS,
} from './limits.ts';
import { ensureSeeded } from './seed/seed.ts';

/** int8 as a number: balances stay far below 2^53. */
const BIGINT_OID = 20;
const DATE_OID = 1082;

/** What the tools need of Postgres. Connects on first use, so an idle session costs no connection. */
export interface Bank {
  /** Runs one statement of ours and returns its rows. @throws BankError */
  rows<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs `work` in one transaction. @throws BankError, and whatever `work` throws, after the rollback. */
  transaction<Result>(work: (client: pg.ClientBase) => Promise<Result>): Promise<Result>;
  /** A connection of its own for text that someone else wrote; closed after `work`. @throws BankError */
  apart<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/**
 * @param databaseUrl absent: every use says which variable is missing.
 * @param onProblem hears of connections that broke while idle; nothing else depends on it.
 */
export function openBank(databaseUrl: string | undefined, onProblem: (message: string) => void): Bank {
  if (databaseUrl === undefined) return new BankWithoutDatabase();
  return new PostgresBank(databaseUrl, onProblem);
}

class PostgresBank implements Bank {
  readonly #config: pg.ClientConfig;
  readonly #pool: pg.Pool;
  #seeding: Promise<unknown> | undefined;

  constructor(connectionString: string, onProblem: (message: string) => void) {
    this.#config = {
      connectionString,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      application_name: 'core-banking',
      options: '-c search_path=core_banking',
      types: { getTypeParser },
    };
    this.#pool = new pg.Pool({ ...this.#config, max: POOL_CONNECTIONS_MAX, idleTimeoutMillis: POOL_IDLE_MS });
    // A connection that Postgres closes while it is idle must not end the process; the next use opens another.
    this.#pool.on('error', (error) => onProblem(`a database connection was lost: ${error.message}`));
  }

  async rows<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    await this.#seeded();
    try {
      return (await this.#pool.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw toBankError(error);
    }
  }

  async transaction<Result>(work: (client: pg.ClientBase) => Promise<Result>): Promise<Result> {
    await this.#seeded();
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw toBankError(error);
    }
    let broken: Error | undefined;
    try {
      await client.query('begin');
      const result = await work(client);
      // Commit point: what `work` did is booked from here on.
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch((cause: unknown) => {
        broken = cause instanceof Error ? cause : new Error(String(cause));
      });
      throw toBankError(error);
    } finally {
      client.release(broken);
    }
  }

  async apart<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    await this.#seeded();
    const client = new pg.Client(this.#config);
    client.on('error', () => undefined); // The query in flight rejects with it; there is nothing more to say.
    try {
      await client.connect();
      return await work(client);
    } catch (error) {
      throw toBankError(error);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  /** Once per process, shared by calls that come together; a failure is forgotten so that the next call tries again. */
  async #seeded(): Promise<void> {
    this.#seeding ??= this.#seed();
    try {
      await this.#seeding;
    } catch (error) {
      this.#seeding = undefined;
      throw toBankError(error);
    }
  }

  async #seed(): Promise<void> {
    const client = new pg.Client({ ...this.#config, statement_timeout: SEED_TIMEOUT_MS });
    client.on('error', () => undefined); // The statement in flight rejects with it.
    try {
      await client.connect();
      await ensureSeeded(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

class BankWithoutDatabase implements Bank {
  rows(): Promise<never> {
    return Promise.reject(this.#missing());
  }
  transaction(): Promise<never> {
    return Promise.reject(this.#missing());
  }
  apart(): Promise<never> {
    return Promise.reject(this.#missing());
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
  #missing(): BankError {
    return new BankError(
      'database_unavailable',
      'CORE_BANKING_DATABASE_URL is not set, so there is no bank to ask. Nothing was changed.',
    );
  }
}

function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === BIGINT_OID) return toNumberWherePrecise;
  // A date has no time zone; as a Date object it would move by one.
  if (oid === DATE_OID) return (value) => value;
  return pg.types.getTypeParser(oid, format ?? 'text');
}

function toNumberWherePrecise(value: string): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
