/**
 * Cuts text into the records of a CSV file, chunk by chunk. RFC 4180, and what real files do beyond it: `\n`, `\r\n` and `\r`
 * line ends, blank lines, quotes inside unquoted fields (`5" pipe`).
 *
 * Of our own because importing needs what the parsers at hand don't do together: a record that is not well formed is told
 * with its line and the very next line is read on (csv-parse loses the record after it), a record's length is bounded
 * before it is in memory, and lines are counted at no cost. The spec checks it against csv-parse on generated files.
 */
import { MAX_RECORD_LENGTH, type SourceRecord } from './source-record.js';

const QUOTE = '"';

/** What one attempt at a record gave: where the next one begins, or that more text is needed to tell. */
type Attempt = { readonly columns: string[]; readonly next: number } | 'incomplete' | { readonly problem: string };

export class CsvScanner {
  /** Text of which no complete record has been made yet; begins where a record begins. */
  private text = '';
  private line = 1;
  /** The next quote at or after the place being read: most files have few, and lines without one are simply split. */
  private quoteAt = -1;
  /** Within a line that is too long: everything up to its end is dropped unread. */
  private dropping = false;

  constructor(
    private readonly delimiter: string,
    private readonly lineEnd: '\n' | '\r' = '\n',
    private readonly maxLength = MAX_RECORD_LENGTH,
  ) {}

  /** The records that are complete with this text. */
  write(chunk: string): SourceRecord[] {
    this.text = this.text === '' ? chunk : this.text + chunk;
    return this.scan(false);
  }

  /** The last records: the end of the text ends a record too. */
  end(): SourceRecord[] {
    return this.scan(true);
  }

  private scan(atEnd: boolean): SourceRecord[] {
    const records: SourceRecord[] = [];
    const { text } = this;
    this.quoteAt = text.indexOf(QUOTE);
    let at = this.dropping ? this.afterLine(0) : 0;
    while (at >= 0 && at < text.length) {
      const from = at;
      const end = this.lineEndFrom(from);
      if (this.quoteAt >= 0 && this.quoteAt < from) this.quoteAt = text.indexOf(QUOTE, from);
      if (end >= 0 && (this.quoteAt < 0 || this.quoteAt > end)) {
        const last = this.contentEnd(from, end);
        if (last > from) records.push({ line: this.line, columns: text.slice(from, last).split(this.delimiter) });
        this.line += 1;
        at = end + 1;
        continue;
      }
      const attempt = this.readRecord(from, atEnd);
      if (attempt === 'incomplete') {
        if (!atEnd && text.length - from <= this.maxLength) {
          at = from;
          break;
        }
        records.push(this.giveUp(from, end, atEnd));
        at = this.afterLine(from);
      } else if ('problem' in attempt) {
        records.push({ line: this.line, columns: [text.slice(from, from + 200)], problem: attempt.problem });
        at = this.afterLine(from);
      } else {
        if (attempt.columns.length > 1 || attempt.columns[0] !== '') {
          records.push({ line: this.line, columns: attempt.columns });
        }
        this.line += this.countLines(from, attempt.next);
        at = attempt.next;
      }
    }
    this.text = at >= 0 ? text.slice(at) : '';
    return records;
  }

  /** A record that does not end within the bound, or a quote that does not end within the file. */
  private giveUp(from: number, lineEnd: number, atEnd: boolean): SourceRecord {
    const problem =
      lineEnd < 0 && !atEnd
        ? `the line is longer than ${this.maxLength} characters`
        : `a quote that opens on this line is not closed within ${atEnd ? 'the file' : `${this.maxLength} characters`}`;
    return { line: this.line, columns: [this.text.slice(from, from + 200)], problem };
  }

  /** Where the line after the one at `from` begins; -1, and dropping, when the line goes on behind the text. */
  private afterLine(from: number): number {
    const end = this.lineEndFrom(from);
    this.dropping = end < 0;
    if (end < 0) return -1;
    this.line += 1;
    return end + 1;
  }

  /** Field by field, for records with quotes and for a last line without an end. */
  private readRecord(from: number, atEnd: boolean): Attempt {
    const { text, delimiter } = this;
    const columns: string[] = [];
    let at = from;
    for (;;) {
      if (text[at] === QUOTE) {
        const close = this.closingQuote(at);
        if (close < 0 || (close === text.length - 1 && !atEnd)) return 'incomplete';
        columns.push(text.slice(at + 1, close).replaceAll('""', QUOTE));
        at = close + 1;
      } else {
        const nextDelimiter = text.indexOf(delimiter, at);
        const end = this.lineEndFrom(at);
        // The field may go on in the next chunk.
        if (end < 0 && nextDelimiter < 0 && !atEnd) return 'incomplete';
        const lineStop = end < 0 ? text.length : this.contentEnd(at, end);
        const stop = nextDelimiter >= 0 && nextDelimiter < lineStop ? nextDelimiter : lineStop;
        columns.push(text.slice(at, stop));
        at = stop;
      }
      if (at >= text.length) return atEnd ? { columns, next: at } : 'incomplete';
      if (text.startsWith(delimiter, at)) {
        at += delimiter.length;
        if (at >= text.length && !atEnd) return 'incomplete';
        continue;
      }
      const stop = text[at] === '\r' && this.lineEnd === '\n' ? at + 1 : at;
      if (stop >= text.length) return atEnd ? { columns, next: stop } : 'incomplete';
      if (text[stop] === this.lineEnd) return { columns, next: stop + 1 };
      return { problem: `text follows a closing quote in column ${columns.length}` };
    }
  }

  private closingQuote(open: number): number {
    let at = this.text.indexOf(QUOTE, open + 1);
    while (at >= 0 && this.text[at + 1] === QUOTE) at = this.text.indexOf(QUOTE, at + 2);
    return at;
  }

  private lineEndFrom(at: number): number {
    return this.text.indexOf(this.lineEnd, at);
  }

  /** Without the `\r` of a `\r\n`. */
  private contentEnd(from: number, lineEnd: number): number {
    return lineEnd > from && this.lineEnd === '\n' && this.text[lineEnd - 1] === '\r' ? lineEnd - 1 : lineEnd;
  }

  private countLines(from: number, to: number): number {
    let count = 0;
    for (let at = this.lineEndFrom(from); at >= 0 && at < to; at = this.lineEndFrom(at + 1)) count += 1;
    return count;
  }
}
