/** The rejected records of an import as a CSV file that people open in a spreadsheet. Made only when there are any. */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { RejectedRecord } from '../../../domain/sync/sync-run.events.js';

export class RejectsFile {
  private file: number | undefined;
  /** Records written. */
  count = 0;

  /** @param path overwritten: a run that goes on begins with what it had rejected before */
  constructor(readonly path: string) {}

  /** Written at once, so that they are there whatever happens next. */
  readonly write = (records: readonly RejectedRecord[]): void => {
    if (records.length === 0) return;
    if (this.file === undefined) {
      this.file = openSync(this.path, 'w');
      writeSync(this.file, 'file,line,column,value,reason\n');
    }
    const lines = records.map(({ source, line, column, value, reason }) =>
      [source, String(line), column ?? '', value ?? '', reason].map(cell).join(','),
    );
    writeSync(this.file, `${lines.join('\n')}\n`);
    this.count += records.length;
  };

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }
}

/** Quoted where needed; a value that a spreadsheet would run as a formula is kept from it by an apostrophe. */
function cell(text: string): string {
  const safe = /^[=+@\t\r-]/.test(text) && !/^-[\d.,]+$/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
