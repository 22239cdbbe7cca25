import { SQL_RISKS, type SqlRisk } from './statements.ts';

/** What a SQL text would do, as far as the text says. Names are as Postgres folds them; lists are sorted. */
export interface SqlFacts {
  /** Whether Postgres' own grammar takes the text. If not, nothing else is known and the risk is the highest. */
  readonly parses: boolean;
  /** Statements in the text; those inside another are not counted. */
  readonly statements: number;
  /** `select`, `insert`, `update`, `delete`, `merge`, `copy`, `set`, `create`, …: also of statements inside others. */
  readonly kinds: readonly string[];
  /** Tables and views whose rows are read: `customers`, `audit.log`, `"Odd Name"`. */
  readonly reads: readonly string[];
  /** Tables that are changed, created, altered, locked or dropped. */
  readonly writes: readonly string[];
  /** Columns named anywhere, without their table; `*` for all, also by naming a table as a whole. */
  readonly columns: readonly string[];
  /** Functions called. */
  readonly functions: readonly string[];
  /** Whether each statement that reads or changes rows has a condition on them that can be false. */
  readonly hasWhere: boolean;
  /** Most rows that the reading statements return, where each says so by a constant. */
  readonly limit?: number;
  /** `FOR UPDATE` and the like, `LOCK TABLE`, advisory locks. */
  readonly locks: boolean;
  readonly ddl: boolean;
  readonly privileges: boolean;
  /** A statement inside a `WITH` changes rows. */
  readonly writesInCte: boolean;
  /** `BEGIN`, `COMMIT`, `ROLLBACK`, savepoints: the text steps out of a transaction that its caller made. */
  readonly transactionControl: boolean;
  /** The session would act as another role, or as its own again. */
  readonly setsRole: boolean;
  /** What reaches out of the tables, in words: `copy to program`, `function pg_read_file`. */
  readonly outside: readonly string[];
  readonly risk: SqlRisk;
}

/** The facts of a text that can't be read. */
export const UNREADABLE_SQL: SqlFacts = Object.freeze({
  parses: false,
  statements: 0,
  kinds: [],
  reads: [],
  writes: [],
  columns: [],
  functions: [],
  hasWhere: false,
  locks: false,
  ddl: false,
  privileges: false,
  writesInCte: false,
  transactionControl: false,
  setsRole: false,
  outside: ['a text that is not SQL'],
  risk: 'outside',
});

/** Facts while they are gathered. */
export class SqlTally {
  readonly kinds = new Set<string>();
  readonly reads = new Set<string>();
  readonly writes = new Set<string>();
  readonly columns = new Set<string>();
  readonly functions = new Set<string>();
  readonly outside = new Set<string>();
  /** Names by which a whole row can be meant: tables and aliases. */
  readonly rowNames = new Set<string>();
  /** Columns named without a table, of which some may be row names. */
  readonly bareColumns = new Set<string>();
  /** Of each reading statement at the top: the rows it returns at most. */
  readonly limits: (number | undefined)[] = [];
  /** Of each statement that reads or changes rows: whether it has a condition. */
  readonly conditions: boolean[] = [];
  locks = false;
  ddl = false;
  privileges = false;
  writesInCte = false;
  transactionControl = false;
  setsRole = false;
  /** The part of the risk that comes from functions; they may run when a statement is only planned. */
  functionRisk: SqlRisk = 'read';
  #risk: SqlRisk = 'read';

  raiseByFunction(risk: SqlRisk): void {
    this.functionRisk = greater(this.functionRisk, risk);
    this.raise(risk);
  }

  raise(risk: SqlRisk): void {
    this.#risk = greater(this.#risk, risk);
  }

  reachOut(what: string): void {
    this.outside.add(what);
    this.raise('outside');
  }

  /** Rows of a table are read. Some views of the catalog are files of the server. */
  readsTable(name: string): void {
    this.reads.add(name);
    const view = CATALOG_FILE.exec(name)?.[1];
    if (view !== undefined) this.reachOut(`view ${view}`);
  }

  /** Rows of a table are changed. The catalog's are what the database is made of, and who may do what. */
  changesTable(name: string): void {
    this.writes.add(name);
    if (!CATALOG.test(name)) return;
    this.ddl = true;
    this.privileges = true;
    this.raise('destroy');
  }

  facts(statements: number): SqlFacts {
    for (const name of this.bareColumns) if (this.rowNames.has(name)) this.columns.add('*');
    const limit = largest(this.limits);
    return {
      parses: true,
      statements,
      kinds: sorted(this.kinds),
      reads: sorted(this.reads),
      writes: sorted(this.writes),
      columns: sorted(this.columns),
      functions: sorted(this.functions),
      hasWhere: this.conditions.length > 0 && this.conditions.every((has) => has),
      ...(limit === undefined ? {} : { limit }),
      locks: this.locks,
      ddl: this.ddl,
      privileges: this.privileges,
      writesInCte: this.writesInCte,
      transactionControl: this.transactionControl,
      setsRole: this.setsRole,
      outside: sorted(this.outside),
      risk: this.#risk,
    };
  }
}

// Without a schema the catalog's tables come first, whatever the search path is.
const CATALOG = /^(?:[^.]+\.)?pg_catalog\.(?!pg_settings$)|^pg_(?!settings$|temp)[a-z0-9_]+$/;
const CATALOG_FILE =
  /^(?:(?:[^.]+\.)?pg_catalog\.)?(pg_file_settings|pg_hba_file_rules|pg_ident_file_mappings)$/;

function greater(one: SqlRisk, other: SqlRisk): SqlRisk {
  return SQL_RISKS.indexOf(one) < SQL_RISKS.indexOf(other) ? other : one;
}

function sorted(names: ReadonlySet<string>): string[] {
  return [...names].sort();
}

function largest(limits: readonly (number | undefined)[]): number | undefined {
  let most: number | undefined;
  for (const limit of limits) {
    if (limit === undefined) return undefined;
    most = Math.max(most ?? 0, limit);
  }
  return most;
}
