import { describe, expect, it } from 'vitest';
import { mappingSchema } from './mapping.js';
import { BadValue, decimalReader, leftOut, missingColumns, readField } from './read-fields.js';

const header = ['id', 'first', 'last', 'country'];
const row = [' 12345.0 ', 'Ann', ' Lee ', 'EIRE'];

describe('a field', () => {
  it.each([
    ['a column', 'first', 'Ann'],
    ['a column, trimmed', 'last', 'Lee'],
    ['a column without its ending', { column: 'id', withoutEnding: '.0' }, '12345'],
    ['a column in other words', { column: 'country', words: { EIRE: 'Ireland' } }, 'Ireland'],
    ['a column whose words do not name the text', { column: 'country', words: { UK: 'United Kingdom' } }, 'EIRE'],
    ['always the same', { value: 'GBP' }, 'GBP'],
    ['a text with columns in it', { template: '{first} {last} ({country})' }, 'Ann Lee (EIRE)'],
    ['nothing', undefined, ''],
  ])('is %s', (_, field, expected) => {
    expect(readField(field, header)(row)).toBe(expected);
  });

  it('says nothing where the source writes a word for nothing, or the row is too short', () => {
    expect(readField('first', header, ['NA', 'Ann'])(row)).toBe('');
    expect(readField('country', header)(['1'])).toBe('');
  });

  it('must be of a column that is there', () => {
    expect(() => readField('name', header)).toThrow('there is no column name');
    expect(missingColumns(['id', 'name', 'age'], header)).toEqual(['name', 'age']);
  });
});

describe('a decimal', () => {
  const plain = decimalReader({ point: '.' });
  const english = decimalReader({ point: '.', thousands: ',' });
  const german = decimalReader({ point: ',', thousands: '.' });

  it.each([
    ['1234.50', plain, '1234.50'],
    ['-0.5', plain, '-0.5'],
    ['+7', plain, '7'],
    ['.5', plain, '0.5'],
    ['(12.30)', plain, '-12.30'],
    ['123456789012345.123456789', plain, '123456789012345.123456789'],
    ['1,234.50', english, '1234.50'],
    ['(1,234.50)', english, '-1234.50'],
    ['12,34,567.8', english, '1234567.8'],
    ['234.5', english, '234.5'],
    ['1.234,50', german, '1234.50'],
  ])('%s is read digit for digit', (text, read, expected) => {
    expect(read(text, 'Price')).toBe(expected);
  });

  it.each([
    ['1,234.5O', english],
    ['1,234.50', plain],
    ['1.234,50', plain],
    ['12.', plain],
    ['1e3', plain],
    ['0x10', plain],
    ['Infinity', plain],
    ['--1', plain],
    ['(-1', plain],
    ['1 2', plain],
    ['', plain],
    ['1234567890123456', plain],
    ['1,2,3', german],
    ['1,5', english],
    ['1,2345', english],
    [',123', english],
    ['1.5', german],
    ['1.234', decimalReader({ point: ',' })],
  ])('%j is no number', (text, read) => {
    expect(() => read(text, 'Price')).toThrow(BadValue);
    expect(() => read(text, 'Price')).toThrow(`${JSON.stringify(text)} is not a number`);
  });

  it('that can not be read names its column and what stood there', () => {
    const failure = (() => {
      try {
        return english('1,234.5O', 'UnitPrice');
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toMatchObject({ column: 'UnitPrice', value: '1,234.5O' });
  });
});

const outOf = (leaveOut: object[]): ((columns: readonly string[]) => boolean) =>
  leftOut(mappingSchema.parse({ name: 'x', kind: 'units', fields: { code: 'id', name: 'first' }, leaveOut }), header);

describe('records that a mapping leaves out', () => {
  it('are those with one of some texts, or with none of some', () => {
    expect(outOf([{ column: 'country', is: ['EIRE'] }])(row)).toBe(true);
    expect(outOf([{ column: 'country', is: ['UK'] }])(row)).toBe(false);
    expect(outOf([{ column: 'country', isNot: ['EIRE', 'UK'] }])(row)).toBe(false);
    expect(outOf([{ column: 'country', isNot: ['UK'] }])(row)).toBe(true);
    expect(
      outOf([
        { column: 'first', is: ['Bob'] },
        { column: 'country', is: ['EIRE'] },
      ])(row),
    ).toBe(true);
    expect(outOf([])(row)).toBe(false);
  });
});
