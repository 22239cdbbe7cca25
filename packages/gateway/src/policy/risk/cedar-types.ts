/** Readers of arguments; each has one member in `context.risk`. */
export const READERS = ['sql', 'shell', 'path', 'url', 'amount', 'batch'] as const;
export type ReaderName = (typeof READERS)[number];

/**
 * `context.risk` in the Cedar schema. Where several arguments of a call are read by one reader, the facts are of all of
 * them together and never milder than of one: lists are united, "each" is asked of each, risks are the greatest.
 *
 * `risk` is the reader's own word and `level` its place in ascending order, so that `level >= 2` can be written.
 */
export const RISK_TYPES = `
  type SqlRisk = {
    parses: Bool, statements: Long, kinds: Set<String>, reads: Set<String>, writes: Set<String>, columns: Set<String>,
    functions: Set<String>, hasWhere: Bool, limit?: Long, locks: Bool, ddl: Bool, privileges: Bool, writesInCte: Bool,
    transactionControl: Bool, setsRole: Bool, outside: Set<String>, risk: String, level: Long,
  };
  type ShellRisk = {
    parses: Bool, commands: Set<String>, dynamicCommand: Bool, substitutes: Bool, pipes: Bool, background: Bool,
    reads: Set<String>, writes: Set<String>, outside: Set<String>, risk: String, level: Long,
  };
  type PathRisk = {
    paths: Set<String>, absolute: Bool, climbs: Bool, inside: Bool, hidden: Bool, oddities: Set<String>, count: Long,
  };
  type UrlRisk = {
    schemes: Set<String>, hosts: Set<String>, ports: Set<Long>, ranges: Set<String>, oddities: Set<String>,
    risk: String, level: Long, count: Long,
  };
  type AmountRisk = {
    readable: Bool, total: decimal, largest: decimal, negative: Bool, currency: String, count: Long,
  };
  type BatchRisk = { readable: Bool, size: Long };
  type Risk = {
    sql?: SqlRisk, shell?: ShellRisk, path?: PathRisk, url?: UrlRisk, amount?: AmountRisk, batch?: BatchRisk,
  };
`;
