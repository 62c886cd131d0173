import { describe, expect, it } from 'vitest';
import { describeMapping, guessMapping } from './guess.js';
import type { ImportKind } from './mapping.js';

function fieldsGuessed(kind: ImportKind, header: readonly string[], files: readonly string[] = ['x.csv']): object {
  const guess = guessMapping(kind, header, files);
  if (guess.outcome === 'none') return { missing: guess.missing };
  return 'fields' in guess.mapping ? guess.mapping.fields : {};
}

describe('guessing a mapping', () => {
  it('takes a shipped one whose columns are all there, whatever else is', () => {
    const header = ['InvoiceNo', 'StockCode', 'Description', 'Quantity', 'InvoiceDate', 'UnitPrice', 'CustomerID', 'Country', 'Extra']; // prettier-ignore
    expect(guessMapping('sales', header, ['x.csv'])).toMatchObject({
      mapping: { name: 'online-retail' },
      because: 'all its columns are there',
    });
    expect(guessMapping('tasks', ['id', 'key', 'fields', 'changelog'], ['x.jsonl'])).toMatchObject({
      mapping: { name: 'jira' },
    });
  });

  it.each([
    ['sales', ['Order ID', 'ORDER_DATE', 'sku', 'Qty', 'Price Each'], { reference: 'Order ID', date: 'ORDER_DATE', sku: 'sku', quantity: 'Qty', unitPrice: 'Price Each' }], // prettier-ignore
    ['sales', ['Receipt', 'Date', 'Code', 'Units', 'Line total'], { reference: 'Receipt', date: 'Date', sku: 'Code', quantity: 'Units', amount: 'Line total' }], // prettier-ignore
    ['attendance', ['Emp ID', 'Day', 'Clock in', 'Clock out'], { employee: 'Emp ID', date: 'Day', checkIn: 'Clock in', checkOut: 'Clock out' }], // prettier-ignore
    ['employees', ['Staff ID', 'Full name', 'Dept'], { number: 'Staff ID', name: 'Full name', department: 'Dept' }],
    ['units', ['Site', 'Name', 'Region'], { code: 'Site', name: 'Name', group: 'Region' }],
    ['tasks', ['Ticket', 'Subject', 'Board', 'State'], { key: 'Ticket', title: 'Subject', project: 'Board', status: 'State' }], // prettier-ignore
  ] as const)('goes by what columns of %s are usually called: %j', (kind, header, expected) => {
    expect(fieldsGuessed(kind, header)).toEqual(expected);
  });

  it('gives each column to one field only', () => {
    // `name` is called for by the number's and the name's synonyms alike.
    expect(fieldsGuessed('employees', ['id', 'employee'])).toEqual({ number: 'id', name: 'employee' });
    expect(fieldsGuessed('employees', ['employee'])).toEqual({ missing: ['number'] });
  });

  it('says what it could not find', () => {
    expect(fieldsGuessed('sales', ['order', 'date'])).toEqual({ missing: ['sku', 'quantity', 'unitPrice'] });
  });

  it('takes wide attendance only for two files that say which is which', () => {
    const header = ['', '2015-01-01', '2015-01-02'];
    expect(guessMapping('attendance', header, ['in_time.csv', 'out_time.csv'])).toMatchObject({
      mapping: { layout: 'wide' },
    });
    expect(guessMapping('attendance', header, ['times.csv']).outcome).toBe('none');
  });

  it('is shown field by field', () => {
    const guess = guessMapping('units', ['Site', 'Name'], ['x.csv']);
    expect(guess.outcome === 'found' && describeMapping(guess.mapping)).toEqual([
      'code         ← Site',
      'name         ← Name',
    ]);
  });
});
