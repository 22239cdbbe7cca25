import type { SqlFacts } from '../../../../src/policy/risk/sql.ts';

/**
 * One statement and its facts. Lists and marks that are not given are empty and false, `statements` is 1 and there is no
 * limit; columns and functions are compared where they are given.
 */
export type Row = readonly [sql: string, risk: SqlFacts['risk'], kinds: string, facts?: Partial<SqlFacts>];

export const WHERE = { hasWhere: true } as const;
export const customers = { reads: ['customers'] } as const;
export const small = { ...customers, ...WHERE } as const;
export const toCustomers = { writes: ['customers'] } as const;
export const changed = { ...toCustomers, ...WHERE } as const;
