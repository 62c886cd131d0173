/**
 * Why an event could not be applied, in words that may be stored and shown: what kind of error, where, and its message with
 * everything masked that may be a value. Messages are written by whoever throws, and quote what they like: `Cannot convert
 * Ada Lovelace to a BigInt`. So of a message only plain words in small letters stay, without any that stands in the event
 * itself. An error whose words were never values (the codec's, zod's paths and codes, Postgres' names) is told by those.
 */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { DatabaseError } from '../ports/write-database.port.js';

const MOST_CHARACTERS = 400;
const MOST_ISSUES = 5;
/** Beyond this many texts of an event, a word of the message is taken for one of them. */
const MOST_TEXTS = 10_000;
const MASK = '…';

/** @param event the one at fault, where it could be read */
export function reasonOf(error: unknown, event?: RecordedEvent): string {
  // What a fold failed with is what the projection threw.
  const thrown = error instanceof Error && error.name === 'FoldFailure' ? error.cause : error;
  return describe(thrown, event).slice(0, MOST_CHARACTERS);
}

function describe(error: unknown, event: RecordedEvent | undefined): string {
  if (error instanceof DatabaseError) return ofDatabase(error);
  if (!(error instanceof Error)) return `something that is no error was thrown (${typeof error})`;
  // The codec names fields and rules, never values.
  if (error.name === 'MalformedEvent') return error.message;
  const where = placeOf(error);
  const at = where === '' ? '' : ` (${where})`;
  const issues = issuesOf(error);
  if (issues !== undefined) return `${error.name}: ${issues}${at}`;
  return `${error.name}: ${masked(error.message, event)}${at}`;
}

/** SQLSTATE, and the names that Postgres gives: its message and detail quote the row. */
function ofDatabase({ code, cause }: DatabaseError): string {
  const named = ['schema', 'table', 'column', 'constraint', 'dataType'].flatMap((field) => {
    const name: unknown = typeof cause === 'object' && cause !== null ? Reflect.get(cause, field) : undefined;
    return typeof name === 'string' ? [`${field} ${name}`] : [];
  });
  const what = CLASSES[code.slice(0, 2)] ?? 'the statement failed';
  return `Postgres refused its row: ${what} (SQLSTATE ${code}${named.length > 0 ? `; ${named.join(', ')}` : ''})`;
}

const CLASSES: Readonly<Record<string, string>> = {
  '21': 'the same row twice',
  '22': 'a value is not what its column holds',
  '23': 'a constraint does not hold',
  '54': 'too large',
};

/** Whether another row would have been taken: the server, the tables and the connection are in order. */
export const isFaultOfRow = ({ code }: DatabaseError): boolean => CLASSES[code.slice(0, 2)] !== undefined;

function issuesOf(error: Error): string | undefined {
  const issues: unknown = Reflect.get(error, 'issues');
  if (!Array.isArray(issues)) return undefined;
  const told = issues.slice(0, MOST_ISSUES).map((issue: unknown) => {
    if (typeof issue !== 'object' || issue === null) return MASK;
    const path: unknown = Reflect.get(issue, 'path');
    const code: unknown = Reflect.get(issue, 'code');
    // A path may lead through a dictionary whose keys are data.
    const steps = Array.isArray(path) ? path.map((step) => (/^[a-z][A-Za-z]*$/.test(String(step)) ? String(step) : MASK)) : []; // prettier-ignore
    return `${steps.join('.') || 'it'}: ${typeof code === 'string' ? code : MASK}`;
  });
  return told.join(', ');
}

/** The function and line that threw: `evolve, tasks.projection.js:42`. */
function placeOf({ stack }: Error): string {
  const frame = /\n\s+at (?:(?<named>[\w.$ <>#]+) \()?(?:file:\/\/)?(?<path>[^\s()]+):(?<line>\d+):\d+\)?/.exec(stack ?? '')?.groups; // prettier-ignore
  if (!frame) return '';
  const file = frame['path']?.split('/').at(-1) ?? '';
  return [frame['named'], `${file}:${frame['line'] ?? ''}`].filter(Boolean).join(', ');
}

function masked(message: string, event: RecordedEvent | undefined): string {
  const words = message.slice(0, MOST_CHARACTERS).split(/\s+/);
  const taken = event ? wordsOf(event.data) : new Set<string>();
  const kept = words.map((word, i) => {
    const plain = word.replace(/[,.;:!?]+$/, '');
    // The first word of a sentence may be large.
    const small = i === 0 ? plain.toLowerCase() : plain;
    return taken && /^[a-z]+$/.test(small) && !taken.has(small) ? word : MASK;
  });
  return kept.join(' ').replaceAll(new RegExp(`${MASK}(?: ${MASK})+`, 'g'), MASK);
}

/** Every word of the event's texts, in small letters; undefined when they are too many to look at. */
function wordsOf(data: unknown): ReadonlySet<string> | undefined {
  const words = new Set<string>();
  const open: unknown[] = [data];
  for (let looked = 0; open.length > 0; looked++) {
    if (looked > MOST_TEXTS) return undefined;
    const value = open.pop();
    if (typeof value === 'string') for (const word of value.toLowerCase().split(/[^a-z]+/)) words.add(word);
    else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        // Names are the shape of an event, but in a dictionary they are data.
        if (!Array.isArray(value) && /[^A-Za-z]/.test(name)) open.push(name);
        open.push(inner);
      }
    }
  }
  return words;
}
