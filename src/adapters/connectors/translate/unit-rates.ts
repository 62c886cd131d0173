/** Attendance rates of units: rows of one day become one report. */
import { reportUnitRatesInput, ReportUnitRates } from '../../../commands/attendance/report-unit-rates.command.js';
import { fromLocal } from '../../../domain/shared/time.js';
import type { RecordSource } from '../files/source-record.js';
import type { Field, RatesMapping } from '../mapping/mapping.js';
import { dateReader } from '../mapping/read-dates.js';
import { BadValue, decimalReader, labelOf, readField } from '../mapping/read-fields.js';
import { outcome } from './sales.js';
import { required, TableTranslator, type SourceReader } from './table-translator.js';
import { fingerprint, tell, type ImportContext, type Sink } from './translator.js';

/** A day with more units is reported in several commands; an event holds at most 5,000. */
const MAX_RATES = 5_000;

const codeSchema = reportUnitRatesInput.shape.rates.element.shape.code;

interface DayReport {
  readonly day: string;
  readonly line: number;
  readonly rates: { code: string; ratePct: string | null }[];
  totalPct: string | null;
  records: number;
}

export class UnitRatesTranslator extends TableTranslator<RatesMapping> {
  private report: DayReport | undefined;
  private sourceName = '';

  constructor(
    mapping: RatesMapping,
    private readonly context: ImportContext,
  ) {
    super(mapping);
  }

  protected override read(source: RecordSource): SourceReader {
    this.sourceName = source.name;
    const { fields, missing, notReported, total } = this.mapping;
    const reads = (field: Field): Read => readField(field, source.header, missing);
    const [date, unit, rate] = [reads(fields.date), reads(fields.unit), reads(fields.rate)];
    const day = dateReader(this.mapping.dates);
    const decimal = decimalReader(this.mapping.decimals);
    const silent = new Set(notReported);
    const rateOf = (text: string): string | null => {
      if (text === '' || silent.has(text)) return null;
      const value = decimal(text, labelOf(fields.rate));
      // Checked here, row by row: the report as a whole would be refused for one of them.
      if (Number(value) < 0 || Number(value) > 100 || /\.\d{4}\d*[1-9]/.test(value)) {
        throw new BadValue(labelOf(fields.rate), text, 'a rate is a percentage from 0 to 100 with at most 4 decimals');
      }
      return value;
    };
    return {
      take: ({ columns, line }, sink) => {
        const on = day(date(columns), labelOf(fields.date)).date;
        const code = required(unit(columns), labelOf(fields.unit), 'the unit');
        if (!codeSchema.safeParse(code).success) {
          throw new BadValue(labelOf(fields.unit), code, 'the code of a unit has at most 60 characters');
        }
        const ratePct = rateOf(rate(columns));
        if (this.report && (this.report.day !== on || this.report.rates.length >= MAX_RATES)) this.flush(sink);
        this.report ??= { day: on, line, rates: [], totalPct: null, records: 0 };
        if (code === total) this.report.totalPct = ratePct;
        else this.report.rates.push({ code, ratePct });
        this.report.records += 1;
      },
    };
  }

  override end(sink: Sink): void {
    this.flush(sink);
  }

  private flush(sink: Sink): void {
    if (!this.report) return;
    const { day, line, rates, totalPct, records } = this.report;
    this.report = undefined;
    const { context } = this;
    const at = fromLocal(day, '00:00', context.timeZone);
    const content = fingerprint([rates, totalPct]);
    sink.unit({
      key: day,
      records,
      source: this.sourceName,
      line,
      perform: async (send) =>
        outcome(await tell(send, context, (of) => new ReportUnitRates({ day, rates, totalPct }, of), at, 'rates', day, content)), // prettier-ignore
    });
  }
}

type Read = ReturnType<typeof readField>;
