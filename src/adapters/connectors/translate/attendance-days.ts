/** Arrivals, departures and absences of employees: one record per employee and day, or wide tables with a column per day. */
import { AddEmployee } from '../../../commands/attendance/add-employee.command.js';
import { CheckIn } from '../../../commands/attendance/check-in.command.js';
import { CheckOut } from '../../../commands/attendance/check-out.command.js';
import { RecordAbsence } from '../../../commands/attendance/record-absence.command.js';
import { AddHoliday } from '../../../commands/workspaces/add-holiday.command.js';
import { employeeIdOf } from '../../../domain/attendance/attendance.ids.js';
import type { CommandResult } from '../../../commands/shared/command.js';
import { reject, Rejection } from '../../../domain/shared/rejection.js';
import { addDays, fromLocal } from '../../../domain/shared/time.js';
import { UnreadableSource, type RecordSource } from '../files/source-record.js';
import type { DaysMapping, WideMapping } from '../mapping/mapping.js';
import { dateReader, type WallClock } from '../mapping/read-dates.js';
import { BadValue, labelOf, readField } from '../mapping/read-fields.js';
import { outcome } from './sales.js';
import { orNull, required, TableTranslator, type SourceReader } from './table-translator.js';
import { rejected, tell, type ImportContext, type Performed, type Send, type Sink } from './translator.js';

/** What is known of one employee's one day. */
interface EmployeeDay {
  readonly number: string;
  readonly name: string;
  readonly day: string;
  readonly checkIn: WallClock | undefined;
  readonly checkOut: WallClock | undefined;
  readonly reason: string | null;
}

/** Employees remembered as known, so that each is asked for once. */
const MAX_KNOWN = 100_000;

/** Writes employees' days; employees that nobody has added yet are added with the name the source gives. */
class DayWriter {
  private readonly known = new Map<string, Promise<CommandResult<unknown>>>();

  constructor(private readonly context: ImportContext) {}

  async write(send: Send, of: EmployeeDay): Promise<Performed> {
    const { context } = this;
    const employeeId = employeeIdOf(context.workspaceId, of.number);
    const odd = oddity(of);
    if (odd) return odd;
    const known = await this.ensureEmployee(send, employeeId, of);
    // Refused as existing when somebody has given more details; that is as good.
    if (known instanceof Rejection && known.code !== 'ALREADY_EXISTS') return known;
    const id = (what: string, at: string) => context.of(at, 'day', employeeId, of.day, what, at);
    if (!of.checkIn) {
      const at = fromLocal(of.day, '00:00', context.timeZone);
      const { day, reason } = of;
      const about = ['day', employeeId, day, 'absent', at, ...(reason === null ? [] : [reason])] as const;
      return outcome(
        await tell(send, context, (as) => new RecordAbsence({ employeeId, day, reason }, as), at, ...about),
      );
    }
    const arrived = fromLocal(of.day, of.checkIn.time ?? '00:00', context.timeZone);
    const checkedIn = await send(new CheckIn({ employeeId, at: arrived }, id('in', arrived)));
    if (checkedIn instanceof Rejection || !of.checkOut) return outcome(checkedIn);
    const left = fromLocal(of.checkOut.date, of.checkOut.time ?? '00:00', context.timeZone);
    const checkedOut = await send(new CheckOut({ employeeId, at: left, day: of.day }, id('out', left)));
    if (checkedOut instanceof Rejection) return checkedOut;
    return { written: checkedIn.written + checkedOut.written };
  }

  private ensureEmployee(
    send: Send,
    employeeId: string,
    { number, name, day }: EmployeeDay,
  ): Promise<CommandResult<unknown>> {
    let adding = this.known.get(employeeId);
    if (!adding) {
      adding = send(
        new AddEmployee(
          { number, name },
          this.context.of(fromLocal(day, '00:00', this.context.timeZone), 'employee-of-day', employeeId),
        ),
      );
      if (this.known.size >= MAX_KNOWN) this.known.clear();
      this.known.set(employeeId, adding);
    }
    return adding;
  }
}

/** What must not be taken for something else: who left was there, and an arrival of another day is not one of this day. */
function oddity({ day, checkIn, checkOut }: EmployeeDay): Rejection | undefined {
  if (checkIn && checkIn.date !== day) return reject('INVALID', `the arrival is on ${checkIn.date}, not on ${day}`, ['checkIn']); // prettier-ignore
  if (!checkIn && checkOut) return reject('INVALID', `a departure on ${day} without an arrival: say when they came, or leave both out`, ['checkIn']); // prettier-ignore
  return undefined;
}

export class DaysTranslator extends TableTranslator<DaysMapping> {
  private readonly writer: DayWriter;

  constructor(mapping: DaysMapping, context: ImportContext) {
    super(mapping);
    this.writer = new DayWriter(context);
  }

  protected override read({ header, name: source }: RecordSource): SourceReader {
    const { fields, missing, dates } = this.mapping;
    const field = (name: keyof typeof fields) => readField(fields[name], header, missing);
    const [employee, name, date, checkIn, checkOut, reason] = [field('employee'), field('name'), field('date'), field('checkIn'), field('checkOut'), field('reason')]; // prettier-ignore
    const read = dateReader(dates);
    return {
      take: ({ columns, line }, sink) => {
        const number = required(employee(columns), labelOf(fields.employee), 'the employee');
        // First, so that a day that is no good is blamed on its own column.
        const on = date(columns) === '' ? undefined : read(date(columns), labelOf(fields.date)).date;
        const arrived = clockOn(read, on, checkIn(columns), labelOf(fields.checkIn));
        const day = on ?? arrived?.date;
        if (day === undefined) throw new BadValue(labelOf(fields.date ?? fields.checkIn), '', 'the day is missing');
        const left = clockOn(read, day, checkOut(columns), labelOf(fields.checkOut));
        const of: EmployeeDay = {
          number,
          name: name(columns) || `Employee ${number}`,
          day,
          checkIn: arrived,
          checkOut: arrived && left ? afterMidnight(arrived, left) : left,
          reason: orNull(reason(columns)),
        };
        sink.unit({
          key: `${number} ${day}`,
          records: 1,
          source,
          line,
          perform: (send) => this.writer.write(send, of),
        });
      },
    };
  }
}

/** A date with a time, or a time of day on the given day. */
function clockOn(
  read: ReturnType<typeof dateReader>,
  day: string | undefined,
  text: string,
  column: string | null,
): WallClock | undefined {
  if (text === '') return undefined;
  const time = /^(\d{1,2}):(\d{2})(:\d{2})?$/.exec(text);
  if (time && day === undefined)
    throw new BadValue(column, text, `${JSON.stringify(text)} is a time of an unknown day`);
  const whole = time ? `${day} ${text.padStart(time[3] ? 8 : 5, '0')}` : text;
  const clock = read(whole, column);
  if (clock.time === undefined) throw new BadValue(column, text, `${JSON.stringify(text)} has no time of day`);
  return clock;
}

/** Who leaves earlier in the day than they came left on the next day. */
const afterMidnight = (arrived: WallClock, left: WallClock): WallClock =>
  left.date === arrived.date && (left.time ?? '') < (arrived.time ?? '')
    ? { ...left, date: addDays(left.date, 1) }
    : left;

/** Cells of the file of arrivals that are held until the departures are read: about 100 bytes each. */
const MAX_CELLS = 1_000_000;

interface WideRow {
  readonly number: string;
  readonly name: string;
  readonly line: number;
  readonly source: string;
  /** By the day's index in the header of the arrivals. */
  readonly arrivals: readonly (WallClock | undefined)[];
}

/**
 * Two tables of employees by days, one of arrivals and one of departures. A day without any arrival is a holiday of the
 * workspace; which days those are is only known when the arrivals are all read.
 */
export class WideTranslator extends TableTranslator<WideMapping> {
  private readonly writer: DayWriter;
  private readonly rows = new Map<string, WideRow>();
  private days: readonly string[] = [];
  private holidays: ReadonlySet<string> = new Set();
  private readonly written = new Set<string>();

  constructor(
    mapping: WideMapping,
    private readonly context: ImportContext,
  ) {
    super(mapping);
    this.writer = new DayWriter(context);
  }

  protected override read(source: RecordSource): SourceReader {
    const { files, fields, missing, dates } = this.mapping;
    const isArrivals = source.name.toLowerCase().includes(files.checkIn);
    if (!isArrivals && !source.name.toLowerCase().includes(files.checkOut)) {
      throw new UnreadableSource(`${source.name} is neither of arrivals (${files.checkIn}) nor of departures (${files.checkOut}) by its name.`); // prettier-ignore
    }
    const employee = readField(fields.employee, source.header, missing);
    const name = readField(fields.name, source.header, missing);
    const read = dateReader(dates);
    const dayColumns = source.header.flatMap((column, index) => {
      const label = labelOf(fields.employee);
      return column === label || column === labelOf(fields.name) ? [] : [{ index, day: dayOf(source, read, column) }];
    });
    const clocks = (columns: readonly string[]): Map<string, WallClock> => {
      const found = new Map<string, WallClock>();
      for (const { index, day } of dayColumns) {
        const text = (columns[index] ?? '').trim();
        if (text !== '' && !missing.includes(text)) found.set(day, read(text, source.header[index] ?? null));
      }
      return found;
    };
    const numberOf = (columns: readonly string[]): string =>
      required(employee(columns), labelOf(fields.employee), 'the employee');

    if (isArrivals) {
      this.days = dayColumns.map(({ day }) => day);
      return {
        take: ({ columns, line }) => {
          const number = numberOf(columns);
          const arrived = clocks(columns);
          const arrivals = this.days.map((day) => arrived.get(day));
          this.rows.set(number, {
            number,
            name: name(columns) || `Employee ${number}`,
            line,
            source: source.name,
            arrivals,
          });
          if (this.rows.size * this.days.length > MAX_CELLS) {
            throw new UnreadableSource(
              `${source.name} has more than ${MAX_CELLS} days of employees; split it by year.`,
            );
          }
        },
        end: (sink) => this.findHolidays(sink),
      };
    }
    return {
      take: ({ columns, line }, sink) => {
        const number = numberOf(columns);
        const row = this.rows.get(number);
        if (!row) {
          sink.reject(rejected(source.name, line, labelOf(fields.employee), number, 'this employee is not in the file of arrivals')); // prettier-ignore
          return;
        }
        this.emit(row, clocks(columns), sink);
      },
    };
  }

  finish(sink: Sink): void {
    for (const row of this.rows.values()) if (!this.written.has(row.number)) this.emit(row, new Map(), sink);
    this.rows.clear();
  }

  private findHolidays(sink: Sink): void {
    const rows = [...this.rows.values()];
    const nobody = this.days.filter((_, index) => rows.every(({ arrivals }) => arrivals[index] === undefined));
    this.holidays = new Set(nobody);
    const { context, mapping } = this;
    for (const date of nobody) {
      sink.unit({
        key: `workspace-${context.workspaceId}`,
        records: rows.length,
        source: rows[0]?.source ?? '',
        line: 1,
        perform: async (send) => {
          const added = await send(new AddHoliday({ date, name: mapping.holiday }, context.of(undefined, 'holiday', date, mapping.holiday))); // prettier-ignore
          // Somebody gave it another name: it is a holiday all the same.
          return added instanceof Rejection && added.code === 'ALREADY_EXISTS' ? { written: 0 } : outcome(added);
        },
      });
    }
  }

  private emit(row: WideRow, departures: ReadonlyMap<string, WallClock>, sink: Sink): void {
    this.written.add(row.number);
    for (const [index, day] of this.days.entries()) {
      if (this.holidays.has(day)) continue;
      const of: EmployeeDay = {
        number: row.number,
        name: row.name,
        day,
        checkIn: row.arrivals[index],
        checkOut: departures.get(day),
        reason: null,
      };
      const perform = (send: Send): Promise<Performed> => this.writer.write(send, of);
      sink.unit({ key: `${row.number} ${day}`, records: 1, source: row.source, line: row.line, perform });
    }
  }
}

/** @throws UnreadableSource when the column is not named by a day */
function dayOf(source: RecordSource, read: ReturnType<typeof dateReader>, column: string): string {
  try {
    return read(column, column).date;
  } catch (cause) {
    throw new UnreadableSource(`${source.name}: the column ${JSON.stringify(column)} is not named by a day.`, {
      cause,
    });
  }
}
