import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { DatabaseError } from '../ports/write-database.port.js';
import { FoldFailure } from './fold.js';
import { isFaultOfRow, reasonOf } from './parking-reason.js';

const event = {
  data: { customer: { name: 'Ada Lovelace', mail: 'ada@example.org' }, note: 'calls herself lovelace', sold: { 'Grace H': 1 } },
} as unknown as RecordedEvent; // prettier-ignore

describe('the reason an event is parked for', () => {
  it('says what kind of error it was, where it was thrown, and its plain words', () => {
    const reason = reasonOf(new FoldFailure(3, new RangeError('this event is poison')), event);
    expect(reason).toMatch(/^RangeError: this event is poison \(.*parking-reason\.spec\.ts:\d+\)$/);
  });

  it.each([
    'no customer Ada Lovelace',
    'customer lovelace is not known',
    'mail ada@example.org is taken',
    'Cannot convert Ada to a BigInt',
    'Unexpected token "A", "Ada Lovel"... is not valid JSON',
    "Cannot read properties of undefined (reading 'Grace H')",
    'grace sold 17 of 4012-8888',
    'Zoë and 李雷 are unknown',
  ])('keeps no value of a message: %s', (message) => {
    const reason = reasonOf(new TypeError(message), event).replace(/ \(.*/, '');
    expect(reason).toMatch(/^TypeError: [A-Z]?[a-z ….,;]+$/);
    expect(reason).not.toMatch(/ada|lovelace|grace|example|zo|李|\d/i);
  });

  it('tells what zod found by path and code, without the keys of a dictionary', () => {
    const schema = z.object({ amount: z.int(), sold: z.record(z.string(), z.string()) });
    const { error } = schema.safeParse({ amount: 'Ada', sold: { 'Grace H': 1 } });
    const reason = reasonOf(error, event);
    expect(reason).toContain('amount: invalid_type, sold.…: invalid_type');
    expect(reason).not.toMatch(/Ada|Grace/);
  });

  it('tells what Postgres refused by its code and names, and never by its message', () => {
    const cause = Object.assign(new Error('duplicate key value'), { table: 'shelf', constraint: 'shelf_pkey', detail: 'Key (mail)=(ada@example.org) exists' }); // prettier-ignore
    const refused = new DatabaseError('invalid input syntax for type integer: "Ada"', '23505', false, { cause });
    expect(reasonOf(refused, event)).toBe('Postgres refused its row: a constraint does not hold (SQLSTATE 23505; table shelf, constraint shelf_pkey)'); // prettier-ignore
  });

  it('knows the faults that are of the row from those that would meet every row', () => {
    const faults = ['22P02', '23502', '54000', '42P01', '42501', '57014', '53100', 'XX000'];
    expect(faults.filter((code) => isFaultOfRow(new DatabaseError('', code, false)))).toEqual(['22P02', '23502', '54000']); // prettier-ignore
  });

  it('takes whatever is thrown', () => {
    expect(reasonOf('Ada')).toBe('something that is no error was thrown (string)');
    expect(reasonOf(undefined)).toBe('something that is no error was thrown (undefined)');
  });
});
