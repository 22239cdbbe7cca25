import { type AmountFacts, AmountTally } from './amounts.ts';
import type { ReaderName } from './cedar-types.ts';
import { type DeclaredArgument, itemsAt, stepsOf, UNREADABLE, valuesAt } from './declared.ts';
import { RISK_TEXT_MAX_CHARACTERS, RISK_VALUES_MAX } from './limits.ts';
import { readPath } from './paths.ts';
import { loadShellReader, type ReadShell } from './shell.ts';
import { loadSqlReader, type ReadSql } from './sql.ts';
import {
  type BatchFacts,
  type PathReading,
  pathsTogether,
  type ShellReading,
  type SqlReading,
  shellsTogether,
  sqlTogether,
  type UrlReading,
  urlsTogether,
} from './together.ts';
import { readUrl } from './urls.ts';

/** Readers that need a grammar, which is loaded once. */
export interface RiskReaders {
  readonly sql: ReadSql;
  readonly shell: ReadShell;
}

/** Loads the grammars of SQL and of shells; about 150 ms. */
export async function loadRiskReaders(): Promise<RiskReaders> {
  const [sql, shell] = await Promise.all([loadSqlReader(), loadShellReader()]);
  return { sql, shell };
}

/** What our own readers say of a call's arguments; a member for each reader that had something to read. */
export interface RiskFacts {
  readonly sql?: SqlReading;
  readonly shell?: ShellReading;
  readonly path?: PathReading;
  readonly url?: UrlReading;
  readonly amount?: AmountFacts;
  readonly batch?: BatchFacts;
}

/** Whose facts are wanted; the others are not read. */
export type Wanted = Pick<ReadonlySet<ReaderName>, 'has' | 'size'>;

export interface RiskQuestion {
  readonly declared: readonly DeclaredArgument[];
  readonly wanted: Wanted;
  readonly readers: RiskReaders;
  /** Tells the text of a number that the parser of the arguments kept exactly. */
  readonly lexemeOf: (value: unknown) => string | undefined;
}

/**
 * Reads the arguments of one call. What isn't of the form that its declaration says, and what is beyond limits.ts, has
 * the highest risk: it is told apart from what is absent.
 */
export function readRisk(args: unknown, question: RiskQuestion): RiskFacts {
  const { sql, shell } = question.readers;
  const found = question.declared
    .filter(({ reader }) => question.wanted.has(reader))
    .map((declared) => {
      const steps = stepsOf(declared.argument) ?? [];
      return { declared, values: declared.reader === 'batch' ? valuesAt(args, steps) : itemsAt(args, steps) };
    });
  const of = (reader: ReaderName) => found.filter(({ declared }) => declared.reader === reader);
  const texts = (reader: ReaderName) => textsOf(of(reader).flatMap(({ values }) => values));
  const amounts = new AmountTally();
  for (const { declared, values } of of('amount')) amounts.take(declared, values, args, question.lexemeOf);
  const paths = of('path').flatMap(({ declared, values }) =>
    textsOf(values).map((text) =>
      text === undefined ? undefined : readPath(text, { ...declared, roots: declared.roots ?? [] }),
    ),
  );
  return withoutAbsent({
    sql: sqlTogether(texts('sql').map((text) => (text === undefined ? undefined : sql(text)))),
    shell: shellsTogether(texts('shell').map((text) => (text === undefined ? undefined : shell(text)))),
    path: pathsTogether(paths),
    url: urlsTogether(texts('url').map((text) => readUrl(text ?? ''))),
    amount: amounts.facts(),
    batch: batchOf(of('batch').flatMap(({ values }) => values)),
  });
}

/** Texts as they are, undefined for everything else; what is too much is one thing that can't be read. */
function textsOf(values: readonly unknown[]): (string | undefined)[] {
  const texts = values.map((value) => (typeof value === 'string' ? value : undefined));
  const characters = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
  return texts.length > RISK_VALUES_MAX || characters > RISK_TEXT_MAX_CHARACTERS ? [undefined] : texts;
}

/** How many items a call acts on: of a list its length, of everything else one. */
function batchOf(values: readonly unknown[]): BatchFacts | undefined {
  if (values.length === 0) return undefined;
  if (values.includes(UNREADABLE)) return { readable: false, size: Number.MAX_SAFE_INTEGER };
  return {
    readable: true,
    size: values.reduce<number>((sum, value) => sum + (Array.isArray(value) ? value.length : 1), 0),
  };
}

function withoutAbsent(facts: { [Key in keyof RiskFacts]: RiskFacts[Key] | undefined }): RiskFacts {
  return Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined));
}
