/** Dates and times as sources write them, on a wall clock without a zone or as an instant with one. */
import { localDateSchema } from '../../../domain/shared/time.js';
import { BadValue } from './read-fields.js';

export interface WallClock {
  /** `YYYY-MM-DD` */
  readonly date: string;
  /** `HH:MM:SS`; undefined when only the day is told. */
  readonly time: string | undefined;
}

const TOKENS: Readonly<Record<string, { readonly pattern: string; readonly part: string }>> = {
  yyyy: { pattern: '(?<year>\\d{4})', part: 'year' },
  MM: { pattern: '(?<month>\\d{2})', part: 'month' },
  M: { pattern: '(?<month>\\d{1,2})', part: 'month' },
  dd: { pattern: '(?<day>\\d{2})', part: 'day' },
  d: { pattern: '(?<day>\\d{1,2})', part: 'day' },
  HH: { pattern: '(?<hour>\\d{2})', part: 'hour' },
  H: { pattern: '(?<hour>\\d{1,2})', part: 'hour' },
  mm: { pattern: '(?<minute>\\d{2})', part: 'minute' },
  ss: { pattern: '(?<second>\\d{2})', part: 'second' },
};

const ISO =
  /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?:[T ](?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:\.\d+)?)?)?$/;

/** A format such as `dd/MM/yyyy HH:mm` as an expression over the whole text. */
function expressionOf(format: string): RegExp {
  const pattern = format
    .split(/(yyyy|MM|M|dd|d|HH|H|mm|ss)/)
    .map((part) => TOKENS[part]?.pattern ?? part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('');
  return new RegExp(`^${pattern}$`);
}

export type ReadDate = (text: string, column: string | null) => WallClock;

/** Reads a date in one of the formats, or in ISO 8601. A date that does not exist is a bad value. */
export function dateReader(formats: readonly string[]): ReadDate {
  const expressions = [...formats.map(expressionOf), ISO];
  // The next record is usually of the same minute.
  let last: { readonly text: string; readonly clock: WallClock } | undefined;
  return (text, column) => {
    if (last?.text === text) return last.clock;
    const clock = parse(expressions, text);
    if (clock === undefined) {
      const known = formats.length > 0 ? `${formats.join(' or ')}, or ISO 8601` : 'YYYY-MM-DD';
      throw new BadValue(column, text, `${JSON.stringify(text)} is not a date of the form ${known}`);
    }
    if (clock === 'impossible')
      throw new BadValue(column, text, `${JSON.stringify(text)} is a date that does not exist`);
    last = { text, clock };
    return clock;
  };
}

function parse(expressions: readonly RegExp[], text: string): WallClock | 'impossible' | undefined {
  for (const expression of expressions) {
    const parts = expression.exec(text)?.groups;
    if (!parts) continue;
    const two = (name: string): string => (parts[name] ?? '0').padStart(2, '0');
    const date = `${parts['year']}-${two('month')}-${two('day')}`;
    const time = parts['hour'] === undefined ? undefined : `${two('hour')}:${two('minute')}:${two('second')}`;
    const exists = localDateSchema.safeParse(date).success && (time === undefined || /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(time)); // prettier-ignore
    return exists ? { date, time } : 'impossible';
  }
  return undefined;
}
