import { describe, expect, it } from 'vitest';
import { instantSchema, localDateSchema, utcInstantSchema } from './time.js';

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
