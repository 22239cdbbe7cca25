import { InvalidArgumentError } from 'commander';

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Reads `90s`, `15m`, `12h`, `30d` as seconds. A bare number is refused: nobody can tell its unit. */
export function readDuration(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const [, count, unit] = match ?? [];
  if (count === undefined || Number(count) === 0) {
    throw new InvalidArgumentError('Write a duration as 90s, 15m, 12h or 30d.');
  }
  // The pattern admits these four letters only.
  return Number(count) * SECONDS[unit as keyof typeof SECONDS];
}
