import type { RetentionClass } from './types.ts';

/** What holds where no class matches: five years (docs/AUDIT.md, Retention). */
export const DEFAULT_CLASS: RetentionClass = { name: 'default', keep: '5y' };

/**
 * The class that decides on an entry: of those that match the one that keeps it longest, so that an addition never
 * shortens what another class demands.
 */
export function classOf(
  classes: readonly RetentionClass[],
  kind: string,
  server: string | null,
): RetentionClass {
  const matching = classes.filter(
    ({ kinds, servers }) =>
      (kinds === undefined || kinds.some((pattern) => matchesKind(pattern, kind))) &&
      (servers === undefined || (server !== null && servers.includes(server))),
  );
  return longest(matching) ?? DEFAULT_CLASS;
}

/** The class that keeps longest; of several the first. */
export function longest(classes: readonly RetentionClass[]): RetentionClass | undefined {
  // From any one day: how long they are beside each other is what counts.
  const from = Date.UTC(2026, 0, 1);
  return classes.toSorted((a, b) => keptUntil(from, b.keep) - keptUntil(from, a.keep))[0];
}

/**
 * When something is over that began at an instant and is kept for so long, milliseconds since 1970. Years and months
 * are the calendar's, in UTC.
 *
 * @throws RangeError where `keep` is not `5y`, `18m` or `400d`.
 */
export function keptUntil(fromMs: number, keep: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([dmy])$/.exec(keep) ?? [];
  if (count === undefined) throw new RangeError(`"${keep}" is not how long something is kept, like 5y`);
  const until = new Date(fromMs);
  if (unit === 'd') until.setUTCDate(until.getUTCDate() + Number(count));
  else until.setUTCMonth(until.getUTCMonth() + Number(count) * (unit === 'y' ? 12 : 1));
  return until.getTime();
}

function matchesKind(pattern: string, kind: string): boolean {
  return (
    pattern === '*' || pattern === kind || (pattern.endsWith('.*') && kind.startsWith(pattern.slice(0, -1)))
  );
}
