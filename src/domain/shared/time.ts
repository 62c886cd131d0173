/** Instants are ISO 8601 strings in UTC; days are `YYYY-MM-DD` without a zone. Pure: nothing here reads the clock. */
import { z } from 'zod';

/** Postgres has no year 0, and five digits are no ISO date: an event with either would stop every read model it is in. */
const hasCommonYear = (text: string): boolean => /^\d{4}-/.test(text) && !text.startsWith('0000');

/** An instant with `Z` or an offset, of the years 1 to 9999; normalised to UTC with milliseconds. */
export const instantSchema = z.iso
  .datetime({ offset: true, error: 'an instant is ISO 8601 with a zone, such as 2026-03-01T09:30:00Z' })
  .transform((text) => new Date(text).toISOString())
  .refine(hasCommonYear, 'an instant is of the years 1 to 9999, also in UTC');

/** The same as it stands in events: normalised already. */
export const utcInstantSchema = z.iso.datetime().refine(hasCommonYear, 'an instant is of the years 1 to 9999');

/** A day of the Gregorian calendar that exists, of the years 1 to 9999. */
export const localDateSchema = z.iso
  .date({ error: 'a date is YYYY-MM-DD and must exist in the calendar' })
  .refine(hasCommonYear, 'a date is of the years 1 to 9999');
export type LocalDate = string;

/** A time of day, `HH:MM` or `HH:MM:SS`. */
export const localTimeSchema = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/, 'a time of day is HH:MM')
  .meta({ examples: ['09:30'] });

/** An IANA zone that this runtime knows, for example `Europe/London`. */
export const timeZoneSchema = z
  .string()
  .refine(isTimeZone, 'a time zone is an IANA name such as Europe/London')
  .meta({ examples: ['Europe/London'] });

function isTimeZone(name: string): boolean {
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** The wall clock of a zone at an instant: `{ date: '2026-03-01', time: '09:30:00' }`. */
export function toLocal(instant: string, timeZone: string): { date: LocalDate; time: string } {
  let formatter = formatters.get(timeZone);
  if (!formatter) {
    // sv-SE writes "2026-03-01 09:30:00", which is ISO order.
    formatter = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    formatters.set(timeZone, formatter);
  }
  const [date = '', time = ''] = formatter.format(new Date(instant)).split(' ');
  // Years before 1000 come without their zeros.
  return { date: date.padStart(10, '0'), time };
}

/**
 * The instant of a wall clock in a zone. A time that a spring change skips moves forward by the gap; of a time that an
 * autumn change repeats, the first is taken (the rule of RFC 5545 and of Temporal's "compatible"). Of the first and the last
 * day of all, whose instant may lie outside of the years 1 to 9999, the nearest instant within.
 * @param date `YYYY-MM-DD`
 * @param time `HH:MM[:SS[.mmm]]`
 */
export function fromLocal(date: LocalDate, time: string, timeZone: string): string {
  const wall = Date.parse(`${date}T${time.length === 5 ? `${time}:00` : time}Z`);
  const offsetAt = (epoch: number): number => {
    const local = toLocal(new Date(epoch).toISOString(), timeZone);
    return Date.parse(`${local.date}T${local.time}Z`) - Math.floor(epoch / 1000) * 1000;
  };
  const before = offsetAt(wall - 86_400_000);
  const after = offsetAt(wall + 86_400_000);
  const early = wall - before;
  if (before === after || offsetAt(early) === before) return instantAt(early);
  const late = wall - after;
  return instantAt(offsetAt(late) === after ? late : early);
}

const FIRST_INSTANT = Date.parse('0001-01-01T00:00:00Z');
const LAST_INSTANT = Date.parse('9999-12-31T23:59:59.999Z');

const instantAt = (epoch: number): string =>
  new Date(Math.min(Math.max(epoch, FIRST_INSTANT), LAST_INSTANT)).toISOString();

/** ISO weekday: 1 for Monday … 7 for Sunday. */
export function weekday(date: LocalDate): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay() || 7;
}

export function addDays(date: LocalDate, days: number): LocalDate {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Negative when `to` lies before `from`. With fractions, where the instants have milliseconds. */
export const secondsBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;
