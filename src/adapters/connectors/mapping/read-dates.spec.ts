import { describe, expect, it } from 'vitest';
import { dateReader } from './read-dates.js';
import { BadValue } from './read-fields.js';

describe('a date', () => {
  it.each([
    [[], '2024-02-29', { date: '2024-02-29', time: undefined }],
    [[], '2024-02-29 08:05', { date: '2024-02-29', time: '08:05:00' }],
    [[], '2024-02-29T08:05:09.123', { date: '2024-02-29', time: '08:05:09' }],
    [['M/d/yyyy'], '3/9/2024', { date: '2024-03-09', time: undefined }],
    [['M/d/yyyy'], '12/31/2024', { date: '2024-12-31', time: undefined }],
    [['dd/MM/yyyy HH:mm'], '09/03/2024 23:59', { date: '2024-03-09', time: '23:59:00' }],
    [['dd.MM.yyyy', 'yyyyMMdd'], '20240309', { date: '2024-03-09', time: undefined }],
    [['dd.MM.yyyy'], '2024-03-09', { date: '2024-03-09', time: undefined }],
  ])('of the forms %j or ISO: %s', (formats, text, expected) => {
    expect(dateReader(formats)(text, 'Date')).toEqual(expected);
  });

  it.each([
    [[], '2023-02-29'],
    [[], '2024-13-01'],
    [[], '2024-04-31 10:00'],
    [[], '2024-04-30 24:00'],
    [[], '2024-04-30 10:60'],
    [['dd/MM/yyyy'], '31/11/2024'],
    [['dd/MM/yyyy'], '12/31/2024'],
    [['M/d/yyyy'], '0/1/2024'],
  ])('of the forms %j can be one that does not exist: %s', (formats, text) => {
    expect(() => dateReader(formats)(text, 'Date')).toThrow(`${JSON.stringify(text)} is a date that does not exist`);
  });

  it.each([
    [[], '3/9/2024'],
    [['dd/MM/yyyy'], '9/3/2024'],
    [['dd/MM/yyyy'], '09/03/24'],
    [['dd.MM.yyyy'], '09x03x2024'],
    [['yyyy-MM-dd'], ' 2024-03-09'],
    [[], 'yesterday'],
    [[], ''],
  ])('is refused when it is of none of the forms %j: %j', (formats, text) => {
    const read = dateReader(formats);
    expect(() => read(text, 'Date')).toThrow(BadValue);
    expect(() => read(text, 'Date')).toThrow(formats.length > 0 ? `${formats[0]}, or ISO 8601` : 'YYYY-MM-DD');
  });

  it('is not taken for the one before it', () => {
    const read = dateReader([]);
    expect(read('2024-01-01', null)).toEqual({ date: '2024-01-01', time: undefined });
    expect(read('2024-01-02', null)).toEqual({ date: '2024-01-02', time: undefined });
    expect(() => read('2024-01-32', null)).toThrow(BadValue);
    expect(() => read('2024-01-32', null)).toThrow(BadValue);
  });
});
