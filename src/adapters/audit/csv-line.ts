/**
 * Lines of CSV (RFC 4180) that a spreadsheet takes for text and nothing else. A field that begins with =, +, -, @, a tab or a
 * carriage return would be run as a formula: it gets an apostrophe in front (as OWASP advises), and so does one that begins
 * with an apostrophe, so that the first one can always be taken off again.
 */

const FORMULA = /^[=+\-@\t\r']/;
const QUOTED = /[",\r\n]/;

export const csvLine = (fields: readonly (string | number | undefined)[]): string => fields.map(field).join(',');

function field(value: string | number | undefined): string {
  const text = String(value ?? '');
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The fields as they were given. Of a line that nobody here wrote, any fields. */
export function parseCsvLine(line: string): string[] {
  const fields: string[] = [];
  for (let at = 0; at <= line.length;) {
    let text: string;
    if (line[at] === '"') {
      let end = at + 1;
      for (; end < line.length; end++) {
        if (line[end] !== '"') continue;
        if (line[end + 1] !== '"') break;
        end++;
      }
      text = line.slice(at + 1, end).replaceAll('""', '"');
      at = end + 2;
    } else {
      const comma = line.indexOf(',', at);
      const end = comma < 0 ? line.length : comma;
      text = line.slice(at, end);
      at = end + 1;
    }
    fields.push(text.startsWith("'") ? text.slice(1) : text);
  }
  return fields;
}
