import { describe, expect, it } from 'vitest';
import { fromLocal, instantSchema, localDateSchema, toLocal, utcInstantSchema } from './time.js';

describe('days and instants', () => {
  it.each(['0001-01-01', '2028-02-29', '9999-12-31'])('take the day %s', (day) => {
    expect(localDateSchema.parse(day)).toBe(day);
    expect(instantSchema.parse(`${day}T12:00:00+02:00`)).toBe(`${day}T10:00:00.000Z`);
  });

  it.each(['0000-01-01', '2027-02-29', '10000-01-01', '2026-3-1'])('refuse the day %s', (day) => {
    expect(localDateSchema.safeParse(day).success).toBe(false);
    expect(instantSchema.safeParse(`${day}T12:00:00Z`).success).toBe(false);
    expect(utcInstantSchema.safeParse(`${day}T12:00:00.000Z`).success).toBe(false);
  });

  it.each(['0001-01-01T00:00:00+14:00', '9999-12-31T23:59:59-14:00'])(
    'refuse %s, which no year of four digits holds in UTC',
    (instant) => {
      expect(instantSchema.safeParse(instant).error?.issues[0]?.message).toMatch(/years 1 to 9999/);
    },
  );
});

const london = (time: string, day: string): string => fromLocal(day, time, 'Europe/London');

describe('the wall clock of a zone', () => {
  it('moves forward what the spring change skips, and takes the first of what the autumn change repeats', () => {
    expect(london('00:59:59', '2026-03-29')).toBe('2026-03-29T00:59:59.000Z');
    expect(london('01:30', '2026-03-29')).toBe('2026-03-29T01:30:00.000Z');
    expect(toLocal('2026-03-29T01:30:00.000Z', 'Europe/London').time).toBe('02:30:00');
    expect(london('01:30', '2026-10-25')).toBe('2026-10-25T00:30:00.000Z');
    expect(london('02:00', '2026-10-25')).toBe('2026-10-25T02:00:00.000Z');
  });

  it('goes over a day that a zone left out', () => {
    expect(fromLocal('2011-12-30', '12:00', 'Pacific/Apia')).toBe('2011-12-30T22:00:00.000Z');
    expect(toLocal('2011-12-30T22:00:00.000Z', 'Pacific/Apia')).toEqual({ date: '2011-12-31', time: '12:00:00' });
  });

  it.each(['UTC', 'Asia/Tokyo', 'America/New_York'])(
    'in %s gives instants that are some for every day there is',
    (zone) => {
      for (const day of ['0001-01-01', '0999-05-05', '9999-12-31']) {
        for (const time of ['00:00', '23:59:59'])
          expect(utcInstantSchema.safeParse(fromLocal(day, time, zone)).success).toBe(true);
      }
      expect(toLocal(fromLocal('0999-05-05', '12:00', zone), zone)).toEqual({ date: '0999-05-05', time: '12:00:00' });
    },
  );
});
