import { describe, expect, it } from 'vitest';
import type { WorkspaceCommand } from '../../../commands/shared/command.js';
import { employeeIdOf } from '../../../domain/attendance/attendance.ids.js';
import { deriveId } from '../../../domain/shared/ids.js';
import { reject, type Rejection } from '../../../domain/shared/rejection.js';
import type { RejectedRecord } from '../../../domain/sync/sync-run.events.js';
import type { RecordSource } from '../files/source-record.js';
import { mappingSchema, type MappingInput } from '../mapping/mapping.js';
import { ImportContext, type Send, type WorkUnit } from './translator.js';
import { translatorFor } from './translator-for.js';

const workspaceId = '01890a5d-ac96-774b-bcce-b302099a0001';
const context = new ImportContext(workspaceId, 'Europe/Berlin', workspaceId, workspaceId, 'test');

interface Table {
  readonly name?: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}
interface Sent {
  readonly what: string;
  readonly input: unknown;
  readonly occurredAt: string | undefined;
  readonly commandId: string;
}
interface Translated {
  readonly sent: readonly Sent[];
  readonly units: readonly WorkUnit[];
  readonly rejects: readonly RejectedRecord[];
  readonly leftOut: number;
}

/** Translates tables and does the work, one after the other. @param answer a refusal for some of the commands */
async function translate(
  mapping: MappingInput,
  tables: readonly Table[],
  answer: (command: WorkspaceCommand<unknown, unknown>) => Rejection | undefined = () => undefined,
): Promise<Translated> {
  const translator = translatorFor(mappingSchema.parse(mapping), context);
  const units: WorkUnit[] = [];
  const rejects: RejectedRecord[] = [];
  let leftOut = 0;
  const sink = {
    unit: (unit: WorkUnit) => void units.push(unit),
    reject: (record: RejectedRecord) => void rejects.push(record),
    leaveOut: () => void (leftOut += 1),
  };
  for (const { name = 'table.csv', header, rows } of tables) {
    translator.begin({ name, header } as RecordSource);
    for (const [index, columns] of rows.entries()) translator.add({ line: index + 2, columns }, sink);
    translator.end(sink);
  }
  translator.finish?.(sink);
  const sent: Sent[] = [];
  const send = ((command: WorkspaceCommand<unknown, unknown>) => {
    const { occurredAt, commandId } = command.context;
    sent.push({ what: command.constructor.name, input: command.input, occurredAt, commandId });
    return Promise.resolve(answer(command) ?? { accepted: true, written: 1 });
  }) as Send;
  for (const unit of units) await unit.perform(send);
  return { sent, units, rejects, leftOut };
}
const whats = ({ sent }: Translated): string[] => sent.map(({ what }) => what);

describe('days of employees', () => {
  const mapping: MappingInput = {
    name: 'days',
    kind: 'attendance',
    layout: 'days',
    missing: ['-'],
    fields: { employee: 'No', date: 'Day', checkIn: 'In', checkOut: 'Out', reason: 'Why' },
  };
  const header = ['No', 'Day', 'In', 'Out', 'Why'];
  const days = (...rows: string[][]): Promise<Translated> => translate(mapping, [{ header, rows }]);

  it('become a check-in and a check-out on the wall clock of the workspace', async () => {
    const done = await days(['7', '2024-07-01', '8:30', '17:00:30', '']);
    expect(whats(done)).toEqual(['AddEmployee', 'CheckIn', 'CheckOut']);
    expect(done.sent[1]).toMatchObject({
      input: { employeeId: employeeIdOf(workspaceId, '7'), at: '2024-07-01T06:30:00.000Z' },
      occurredAt: '2024-07-01T06:30:00.000Z',
    });
    expect(done.sent[2]?.input).toMatchObject({ at: '2024-07-01T15:00:30.000Z', day: '2024-07-01' });
  });

  it('end on the next day when one leaves earlier than one came', async () => {
    const done = await days(['7', '2024-07-01', '22:00', '06:00', '']);
    expect(done.sent[2]?.input).toMatchObject({ at: '2024-07-02T04:00:00.000Z', day: '2024-07-01' });
  });

  it('without a check-in are absences, with their reason', async () => {
    const done = await days(['7', '2024-07-01', '-', '', 'ill']);
    expect(done.sent[1]).toMatchObject({ what: 'RecordAbsence', input: { day: '2024-07-01', reason: 'ill' } });
  });

  it('that say what can not be are refused, and nothing of them is written', async () => {
    for (const [row, why] of [
      [['7', '2024-07-01', '', '17:00', ''], 'without an arrival'],
      [['7', '2024-07-01', '2024-07-02 08:00', '17:00', ''], 'the arrival is on 2024-07-02'],
    ] as const) {
      const { units, sent } = await days([...row]);
      expect(sent).toEqual([]);
      expect(await units[0]?.perform(() => Promise.reject(new Error('nothing is sent')))).toMatchObject({
        code: 'INVALID',
        message: expect.stringContaining(why),
      });
    }
  });

  it('say why their employee can not be added', async () => {
    const refusal = reject('INVALID', 'number: has at most 60 characters', ['number']);
    const { sent, units } = await translate(
      mapping,
      [{ header, rows: [['7', '2024-07-01', '08:00', '', '']] }],
      () => refusal,
    );
    expect(sent.map(({ what }) => what)).toEqual(['AddEmployee']);
    expect(await units[0]?.perform(() => Promise.reject(new Error('known by now')))).toBe(refusal);
  });

  const idOf = async (why: string): Promise<string | undefined> => (await days(['7', '2024-07-01', '', '', why])).sent.at(-1)?.commandId; // prettier-ignore

  it('that are absent for another reason than before are another command', async () => {
    expect(await idOf('ill')).toBe(await idOf('ill'));
    expect(await idOf('ill')).not.toBe(await idOf('jury duty'));
  });

  it('add each employee once', async () => {
    const done = await days(['7', '2024-07-01', '08:00', '', ''], ['7', '2024-07-02', '08:00', '', '']);
    expect(whats(done)).toEqual(['AddEmployee', 'CheckIn', 'CheckIn']);
  });

  it('are rejected with the column at fault', async () => {
    const { rejects } = await days(
      ['', '2024-07-01', '08:00', '', ''],
      ['7', '2024-02-30', '08:00', '', ''],
      ['7', '2024-07-01', '25:00', '', ''],
      ['7', '', '', '', ''],
      ['7', '', '08:00', '', ''],
    );
    expect(rejects.map(({ line, column }) => [line, column])).toEqual([[2, 'No'], [3, 'Day'], [4, 'In'], [5, 'Day'], [6, 'In']]); // prettier-ignore
  });
});

describe('wide tables of employees by days', () => {
  const mapping: MappingInput = {
    name: 'wide',
    kind: 'attendance',
    layout: 'wide',
    missing: ['NA'],
    fields: { employee: '' },
    files: { checkIn: 'in_time', checkOut: 'out_time' },
  };
  const header = ['', '2024-07-01', '2024-07-02', '2024-07-03'];
  const arrivals: Table = {
    name: 'in_time.csv',
    header,
    rows: [
      ['1', '2024-07-01 09:00:00', 'NA', '2024-07-03 09:00:00'],
      ['2', '2024-07-01 10:00:00', 'NA', 'NA'],
    ],
  };

  it('make a day without any arrival a holiday, and of the others days of each', async () => {
    const departures: Table = {
      name: 'out_time.csv',
      header,
      rows: [['1', '2024-07-01 17:00:00', 'NA', '2024-07-03 17:00:00'], ['9', 'NA', 'NA', 'NA']],
    }; // prettier-ignore
    const done = await translate(mapping, [arrivals, departures]);
    const holidays = done.sent.filter(({ what }) => what === 'AddHoliday');
    expect(holidays.map(({ input }) => input)).toEqual([{ date: '2024-07-02', name: 'Holiday' }]);
    expect(whats(done).filter((what) => what === 'CheckIn')).toHaveLength(3);
    expect(whats(done).filter((what) => what === 'CheckOut')).toHaveLength(2);
    // The second employee is in no row of the departures, and was absent on the third day.
    expect(done.sent.filter(({ what }) => what === 'RecordAbsence').map(({ input }) => input)).toMatchObject([
      { employeeId: employeeIdOf(workspaceId, '2'), day: '2024-07-03' },
    ]);
    expect(done.rejects).toMatchObject([{ line: 3, value: '9', reason: expect.stringContaining('not in the file') }]);
  });

  it('need columns that are days and files that say which is which', async () => {
    const wrong = { ...arrivals, header: ['', '2024-07-01', 'total', '2024-07-03'] };
    await expect(translate(mapping, [wrong])).rejects.toThrow(/the column "total" is not named by a day/);
    await expect(translate(mapping, [{ ...arrivals, name: 'x.csv' }])).rejects.toThrow(/neither of arrivals/);
  });
});

describe('attendance rates of units', () => {
  const mapping: MappingInput = {
    name: 'rates',
    kind: 'attendance',
    layout: 'unit-rates',
    fields: { date: 'day', unit: 'unit', rate: 'rate' },
    total: 'TOTAL',
    notReported: ['NS'],
  };
  const header = ['day', 'unit', 'rate'];

  it('are one report a day, the total apart, silence told from nought', async () => {
    const rows = [['2024-07-01', 'A', '91.5'], ['2024-07-01', 'B', 'NS'], ['2024-07-01', 'C', '0'], ['2024-07-01', 'TOTAL', '88'], ['2024-07-02', 'A', '90']]; // prettier-ignore
    const { sent, units } = await translate(mapping, [{ header, rows }]);
    expect(sent.map(({ input }) => input)).toEqual([
      {
        day: '2024-07-01',
        rates: [{ code: 'A', ratePct: '91.5' }, { code: 'B', ratePct: null }, { code: 'C', ratePct: '0' }],
        totalPct: '88',
      },
      { day: '2024-07-02', rates: [{ code: 'A', ratePct: '90' }], totalPct: null },
    ]); // prettier-ignore
    expect(units.map(({ records }) => records)).toEqual([4, 1]);
  });

  it('that would have the whole report refused are rejected alone', async () => {
    const rows = [['2024-07-01', 'A', '100.1'], ['2024-07-01', 'B', '-1'], ['2024-07-01', 'C', '100'], ['2024-07-01', 'D', '9O'], ['2024-07-01', 'E', '93.33333'], ['2024-07-01', 'F'.repeat(61), '90'], ['2024-07-01', 'G', '93.50000']]; // prettier-ignore
    const { sent, rejects } = await translate(mapping, [{ header, rows }]);
    expect(rejects.map(({ line, value }) => [line, value])).toEqual([[2, '100.1'], [3, '-1'], [5, '9O'], [6, '93.33333'], [7, 'F'.repeat(61)]]); // prettier-ignore
    expect(sent).toMatchObject([
      {
        input: {
          rates: [
            { code: 'C', ratePct: '100' },
            { code: 'G', ratePct: '93.50000' },
          ],
        },
      },
    ]);
  });
});

describe('flat tasks', () => {
  const mapping: MappingInput = {
    name: 'list',
    kind: 'tasks',
    layout: 'rows',
    fields: { key: 'id', title: 'title', project: 'list', status: 'state', priority: 'prio', storyPoints: 'points', dueDate: 'due', assignee: 'who', created: 'made' },
    leaveOut: [{ column: 'state', is: ['Trashed'] }],
  }; // prettier-ignore
  const header = ['id', 'title', 'list', 'state', 'prio', 'points', 'due', 'who', 'made'];
  const full = ['12', 'Paint', 'Web shop', 'Doing', 'high', '3', '2024-07-31', 'Ann', '2024-07-01T08:00:00Z'];
  const tasks = (rows: string[][], answer?: Parameters<typeof translate>[2]): Promise<Translated> =>
    translate(mapping, [{ header, rows }], answer);

  it('bring the project and the person they name, and are due until the end of the day', async () => {
    const done = await tasks([full]);
    expect(whats(done)).toEqual(['CreateProject', 'AddMember', 'CreateTask']);
    expect(done.sent[0]?.input).toMatchObject({ key: 'WEB_SHOP', name: 'Web shop' });
    expect(done.sent[2]).toMatchObject({
      occurredAt: '2024-07-01T08:00:00.000Z',
      input: {
        projectId: deriveId('project', workspaceId, 'WEB_SHOP'),
        title: 'Paint',
        status: 'Doing',
        priority: 'HIGH',
        storyPoints: 3,
        dueDate: '2024-07-31T21:59:59.000Z',
        externalKey: '12',
      },
    });
  });

  it('take an instant with its offset, with and without colon or seconds', async () => {
    for (const made of ['2024-07-01T10:00:00+0200', '2024-07-01T10:00+02:00', '2024-07-01T08:00:00.000Z']) {
      expect((await tasks([full.with(8, made)])).sent[2]?.occurredAt).toBe('2024-07-01T08:00:00.000Z');
    }
  });

  it('take what a status stands for where the board has no such step', async () => {
    const refusal = reject('INVALID', 'no such status', ['status']);
    const done = await tasks([full], (command) => (command.input as { status?: string }).status === 'Doing' ? refusal : undefined); // prettier-ignore
    expect(done.sent.slice(2).map(({ input }) => (input as { status: string }).status)).toEqual([
      'Doing',
      'IN_PROGRESS',
    ]);
  });

  it('that are known are brought up to date', async () => {
    const known = reject('ALREADY_EXISTS', 'this task is there');
    const done = await tasks([full], (command) => (command.constructor.name === 'CreateTask' ? known : undefined));
    expect(whats(done).slice(3)).toEqual(['UpdateTask', 'ChangeTaskStatus', 'SetTaskAssignees']);
  });

  const idOf = async (row: string[]): Promise<string | undefined> => (await tasks([row])).sent.at(-1)?.commandId;

  it('are the same command when they come again unchanged, and another when they changed', async () => {
    expect(await idOf(full)).toBe(await idOf(full));
    expect(await idOf(full)).not.toBe(await idOf(full.with(1, 'Paint it')));
  });

  it('are left out or rejected one by one', async () => {
    const { leftOut, rejects, units } = await tasks([
      full.with(3, 'Trashed'),
      full.with(1, ''),
      full.with(4, 'shiny'),
      full.with(5, '2.5'),
      full.with(6, '2024-06-31'),
      full.with(8, '2024-06-31T08:00:00Z'),
      full.with(8, '0000-01-01T00:00:00Z'),
      full,
    ]);
    expect(leftOut).toBe(1);
    expect(rejects.map(({ line, column }) => [line, column])).toEqual([[3, 'title'], [4, 'prio'], [5, 'points'], [6, 'due'], [7, 'made'], [8, 'made']]); // prettier-ignore
    expect(units).toHaveLength(1);
  });
});

const rowOf = (no: string, who: string): string[] => [no, '2024-07-01', 'A', '1', '2.50', who];

describe('rows of documents', () => {
  const mapping: MappingInput = {
    name: 'shop',
    kind: 'sales',
    fields: { reference: 'no', date: 'day', sku: 'sku', quantity: 'n', unitPrice: 'price', customerId: 'who' },
  };
  const header = ['no', 'day', 'sku', 'n', 'price', 'who'];
  const others = Array.from({ length: 1_001 }, (_, index) => rowOf(`other ${index}`, 'x'));

  it('that come again far behind are more lines of the same customer, never of another', async () => {
    const { sent, rejects } = await translate(mapping, [
      { header, rows: [rowOf('1', 'ann'), ...others, rowOf('1', 'bob'), rowOf('1', 'ann'), rowOf('1', 'bob')] },
    ]);
    expect(rejects.map(({ line, column, value }) => [line, column, value])).toEqual([[1_004, 'who', 'bob'], [1_006, 'who', 'bob']]); // prettier-ignore
    expect(sent.filter(({ what }) => what === 'AddSaleLines').map(({ input }) => input)).toMatchObject([
      { lines: [{ lineNo: 2, sku: 'A' }] },
    ]);
  });
});

describe('a table', () => {
  it('must have every column that the mapping reads', async () => {
    const mapping: MappingInput = { name: 'u', kind: 'units', fields: { code: 'Code', name: 'Name' } };
    await expect(translate(mapping, [{ header: ['Code', 'Title'], rows: [] }])).rejects.toThrow(
      'table.csv has no column "Name", which the mapping u reads. Its columns are "Code", "Title".',
    );
  });
});
