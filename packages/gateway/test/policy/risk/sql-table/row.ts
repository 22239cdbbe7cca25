import type { SqlFacts } from '../../../../src/policy/risk/sql.ts';

/** One statement and all its facts: what is not given is empty or false, `statements` is 1 and there is no limit. */
export type Row = readonly [sql: string, risk: SqlFacts['risk'], kinds: string, facts?: Partial<SqlFacts>];
