import { HOURS_AHEAD_MAX_DAYS } from './limits.ts';

export const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Day = (typeof DAYS)[number];

/** When people are there to be asked. */
export interface BusinessHours {
  /** IANA name, `Europe/Berlin`. */
  readonly timeZone: string;
  readonly days: readonly Day[];
  /** `HH:MM`, local; `until` is after `from`. */
  readonly from: string;
  readonly until: string;
  /** Outside of them: the clocks stand still, or what is asked is denied at once. */
  readonly outside: 'wait' | 'deny';
}

const DAY_MS = 86_400_000;

/** Whether an instant is within the hours. */
export function isOpen(hours: BusinessHours | undefined, atMs: number): boolean {
  return (
    hours === undefined || windowsFrom(hours, atMs, 1).some(([from, until]) => from <= atMs && atMs < until)
  );
}

/**
 * The instant at which `durationMs` of open time have passed since `fromMs`. Without hours all time is open.
 * Where the hours have no end in sight, the last that was looked at: a limit must come.
 */
export function afterOpenTime(hours: BusinessHours | undefined, fromMs: number, durationMs: number): number {
  if (hours === undefined) return fromMs + durationMs;
  let leftMs = durationMs;
  let atMs = fromMs;
  for (const [from, until] of windowsFrom(hours, fromMs, HOURS_AHEAD_MAX_DAYS)) {
    const begin = Math.max(from, fromMs);
    if (until <= begin) continue;
    atMs = Math.min(until, begin + leftMs);
    leftMs -= until - begin;
    if (leftMs <= 0) return atMs;
  }
  return Math.max(atMs, fromMs);
}

/** Open windows of the local days from the one before `fromMs`. */
function windowsFrom(hours: BusinessHours, fromMs: number, days: number): [number, number][] {
  const zone = zoneOf(hours.timeZone);
  const windows: [number, number][] = [];
  const first = zone.dayOf(fromMs - DAY_MS);
  for (let offset = 0; offset <= days + 1; offset += 1) {
    // A calendar day in UTC, only to count days with; its weekday is that of the local day of the same date.
    const date = new Date(first + offset * DAY_MS);
    const day = DAYS[date.getUTCDay()];
    if (day === undefined || !hours.days.includes(day)) continue;
    windows.push([
      zone.instantOf(date.getTime() + timeMs(hours.from)),
      zone.instantOf(date.getTime() + timeMs(hours.until)),
    ]);
  }
  return windows;
}

function timeMs(time: string): number {
  const [hour = '0', minute = '0'] = time.split(':');
  return (Number(hour) * 60 + Number(minute)) * 60_000;
}

/** Local time as if it were UTC, both ways. */
function zoneOf(timeZone: string): { dayOf(atMs: number): number; instantOf(localMs: number): number } {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const local = (atMs: number): number => {
    const parts = Object.fromEntries(
      format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
  const offsetAt = (atMs: number): number => local(atMs) - Math.floor(atMs / 1_000) * 1_000;
  return {
    dayOf: (atMs) => Math.floor(local(atMs) / DAY_MS) * DAY_MS,
    instantOf: (localMs) => {
      // Twice: the first guess may stand on the other side of a change of the clocks.
      const guess = localMs - offsetAt(localMs);
      return localMs - offsetAt(guess);
    },
  };
}
