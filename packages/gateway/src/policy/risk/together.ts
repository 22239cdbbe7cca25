import type { PathFacts } from './paths.ts';
import { SHELL_RISKS, type ShellFacts, UNREADABLE_SHELL } from './shell.ts';
import { SQL_RISKS, type SqlFacts, UNREADABLE_SQL } from './sql.ts';
import type { UrlFacts, UrlRisk } from './urls.ts';

/** `risk` of a reading, as a number in ascending order. */
interface Levelled {
  readonly level: number;
}

export type SqlReading = SqlFacts & Levelled;
export type ShellReading = ShellFacts & Levelled;

export interface PathReading {
  readonly paths: readonly string[];
  readonly absolute: boolean;
  readonly climbs: boolean;
  readonly inside: boolean;
  readonly hidden: boolean;
  readonly oddities: readonly string[];
  readonly count: number;
}

export interface UrlReading extends Levelled {
  readonly schemes: readonly string[];
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
  readonly ranges: readonly string[];
  readonly oddities: readonly string[];
  readonly risk: UrlRisk;
  readonly count: number;
}

export interface BatchFacts {
  readonly readable: boolean;
  readonly size: number;
}

/** A text whose host nobody can say is the worst: it may be any of the others. */
const URL_RISKS: readonly UrlRisk[] = ['public', 'name', 'internal', 'scheme', 'ambiguous'];

/**
 * Of a text that can't be read, everything that can be bad is, and `*` stands for whatever it names: a policy that asks
 * for one fact alone must not take it for harmless.
 */
const WORST_SQL: SqlFacts = {
  ...UNREADABLE_SQL,
  statements: Number.MAX_SAFE_INTEGER,
  kinds: ['*'],
  reads: ['*'],
  writes: ['*'],
  columns: ['*'],
  functions: ['*'],
  locks: true,
  ddl: true,
  privileges: true,
  writesInCte: true,
  transactionControl: true,
  setsRole: true,
};

const WORST_SHELL: ShellFacts = {
  ...UNREADABLE_SHELL,
  commands: ['*'],
  dynamicCommand: true,
  substitutes: true,
  pipes: true,
  background: true,
  reads: ['*'],
  writes: ['*'],
};

/** Facts of all SQL texts of a call; undefined stands for one that isn't a text. */
export function sqlTogether(texts: readonly (SqlFacts | undefined)[]): SqlReading | undefined {
  if (texts.length === 0) return undefined;
  const all = texts.map((facts) => (facts?.parses ? facts : WORST_SQL));
  const level = Math.max(...all.map(({ risk }) => SQL_RISKS.indexOf(risk)));
  const limits = all.map(({ limit }) => limit);
  const limit = limits.includes(undefined) ? undefined : Math.max(...limits.map(Number));
  return {
    parses: all.every(({ parses }) => parses),
    statements: Math.min(
      all.reduce((sum, { statements }) => sum + statements, 0),
      Number.MAX_SAFE_INTEGER,
    ),
    kinds: united(all, 'kinds'),
    reads: united(all, 'reads'),
    writes: united(all, 'writes'),
    columns: united(all, 'columns'),
    functions: united(all, 'functions'),
    hasWhere: all.every(({ hasWhere }) => hasWhere),
    ...(limit === undefined ? {} : { limit }),
    locks: all.some(({ locks }) => locks),
    ddl: all.some(({ ddl }) => ddl),
    privileges: all.some(({ privileges }) => privileges),
    writesInCte: all.some(({ writesInCte }) => writesInCte),
    transactionControl: all.some(({ transactionControl }) => transactionControl),
    setsRole: all.some(({ setsRole }) => setsRole),
    outside: united(all, 'outside'),
    risk: SQL_RISKS[level] ?? 'outside',
    level,
  };
}

export function shellsTogether(texts: readonly (ShellFacts | undefined)[]): ShellReading | undefined {
  if (texts.length === 0) return undefined;
  const all = texts.map((facts) => (facts?.parses ? facts : WORST_SHELL));
  const level = Math.max(...all.map(({ risk }) => SHELL_RISKS.indexOf(risk)));
  return {
    parses: all.every(({ parses }) => parses),
    commands: united(all, 'commands'),
    dynamicCommand: all.some(({ dynamicCommand }) => dynamicCommand),
    substitutes: all.some(({ substitutes }) => substitutes),
    pipes: all.some(({ pipes }) => pipes),
    background: all.some(({ background }) => background),
    reads: united(all, 'reads'),
    writes: united(all, 'writes'),
    outside: united(all, 'outside'),
    risk: SHELL_RISKS[level] ?? 'outside',
    level,
  };
}

export function pathsTogether(paths: readonly (PathFacts | undefined)[]): PathReading | undefined {
  if (paths.length === 0) return undefined;
  const unreadable = paths.includes(undefined);
  const all = paths.filter((path) => path !== undefined);
  return {
    paths: [...new Set([...all.map(({ path }) => path), ...(unreadable ? ['*'] : [])])].sort(),
    absolute: unreadable || all.some(({ absolute }) => absolute),
    climbs: unreadable || all.some(({ climbs }) => climbs),
    inside: !unreadable && all.every(({ inside }) => inside),
    hidden: unreadable || all.some(({ hidden }) => hidden),
    oddities: [...united(all, 'oddities'), ...(unreadable ? ['unreadable'] : [])].sort(),
    count: paths.length,
  };
}

export function urlsTogether(urls: readonly UrlFacts[]): UrlReading | undefined {
  if (urls.length === 0) return undefined;
  const level = Math.max(...urls.map(({ risk }) => URL_RISKS.indexOf(risk)));
  return {
    schemes: [...new Set(urls.map(({ scheme }) => scheme))].sort(),
    hosts: [...new Set(urls.map(({ host }) => host))].sort(),
    ports: [...new Set(urls.map(({ port }) => port))].sort((a, b) => a - b),
    ranges: [...new Set(urls.flatMap(({ range }) => range ?? []))].sort(),
    oddities: united(urls, 'oddities').sort(),
    risk: URL_RISKS[level] ?? 'ambiguous',
    level,
    count: urls.length,
  };
}

function united<Key extends string>(
  all: readonly { readonly [Name in Key]: readonly string[] }[],
  key: Key,
): string[] {
  return [...new Set(all.flatMap((facts) => facts[key]))].sort();
}
