/**
 * The forms of an export: the entries themselves as lines of JSON, a table, and CloudEvents. The latter two are the same
 * entries written otherwise: whoever has the line has the entry, byte for byte, and what a line adds to it (who, when, in
 * columns of their own) can only be what the entry says.
 */
import { z } from 'zod';
import { parseCsvLine, csvLine } from './csv-line.js';
import { entryText, payloadText, type LogEntry, type Payload } from './entry.js';
import { readMetadata } from './metadata.js';

export const FORMAT_NAMES = ['jsonl', 'csv', 'cloudevents'] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

export interface ExportFormat {
  readonly file: string;
  /** Raised when a line's form changes. */
  readonly schemaVersion: number;
  /** The names of what a line holds, in its order. */
  readonly columns: readonly string[];
  /** The first line, where there is one that is no event. */
  readonly header?: string;
  /** Whether a line is the entry itself, with nothing to read. */
  readonly isEntry?: true;
  /** The line of an event, without its end. */
  write(entry: LogEntry): string;
  /** The entry that a line stands for, as text; undefined when it stands for none, or says anything else than its entry. */
  read(line: string): string | undefined;
}

const JSONL_COLUMNS = ['position', 'recordedAt', 'stream', 'revision', 'id', 'type', 'contentType', 'metadata', 'data']; // prettier-ignore
const CSV_COLUMNS = ['position', 'recorded_at', 'occurred_at', 'stream', 'revision', 'id', 'type', 'schema_version', 'actor_kind', 'actor_id', 'command_id', 'correlation_id', 'causation_id', 'content_type', 'metadata', 'metadata64', 'data', 'data64'] as const; // prettier-ignore
const CLOUD_COLUMNS = ['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'workspaceid', 'position', 'revision', 'schemaversion', 'recordedat', 'actor', 'commandid', 'correlationid', 'causationid', 'storedmetadata', 'data']; // prettier-ignore

export const formats: Readonly<Record<FormatName, ExportFormat>> = {
  jsonl: {
    file: 'events.jsonl',
    schemaVersion: 1,
    columns: JSONL_COLUMNS,
    isEntry: true,
    write: entryText,
    read: (line) => line,
  },
  csv: {
    file: 'events.csv',
    schemaVersion: 1,
    columns: CSV_COLUMNS,
    header: csvLine(CSV_COLUMNS),
    write: writeCsv,
    read: readCsv,
  },
  cloudevents: {
    file: 'events.cloudevents.jsonl',
    schemaVersion: 1,
    columns: CLOUD_COLUMNS,
    write: (entry) => `${cloudAttributes(entry)}${cloudData(entry.data)}}`,
    read: readCloudEvent,
  },
};

function writeCsv(entry: LogEntry): string {
  const { metadata, data } = entry;
  const { occurredAt, schemaVersion, actor, commandId, correlationId, causationId } = readMetadata(metadata);
  return csvLine([
    entry.position,
    entry.recordedAt,
    occurredAt,
    entry.stream,
    entry.revision,
    entry.id,
    entry.type,
    schemaVersion,
    actor?.kind,
    actor?.id,
    commandId,
    correlationId,
    causationId,
    entry.contentType,
    ...('text' in metadata ? [metadata.text, ''] : ['', metadata.base64]),
    ...('text' in data ? [data.text, ''] : ['', data.base64]),
  ]);
}

/** JSON is never empty. */
const payload = (text: string, base64: string): Payload => (text === '' ? { base64 } : { text });

function readCsv(line: string): string | undefined {
  const fields = parseCsvLine(line);
  const at = (name: (typeof CSV_COLUMNS)[number]): string => fields[CSV_COLUMNS.indexOf(name)] ?? '';
  const entry: LogEntry = {
    position: at('position'),
    recordedAt: at('recorded_at'),
    stream: at('stream'),
    revision: Number(at('revision')),
    id: at('id'),
    type: at('type'),
    contentType: at('content_type'),
    metadata: payload(at('metadata'), at('metadata64')),
    data: payload(at('data'), at('data64')),
  };
  return writeCsv(entry) === line ? entryText(entry) : undefined;
}

/** All of it but the data, which comes last so that its bytes can be told from the rest. */
function cloudAttributes(entry: LogEntry): string {
  const { metadata } = entry;
  const said = readMetadata(metadata);
  const attributes = {
    specversion: '1.0',
    id: entry.id,
    source: `/teampulse/workspaces/${said.workspaceId}`,
    type: entry.type,
    subject: entry.stream,
    time: said.occurredAt,
    datacontenttype: entry.contentType,
    workspaceid: said.workspaceId,
    position: entry.position,
    revision: entry.revision,
    schemaversion: said.schemaVersion,
    recordedat: entry.recordedAt,
    actor: said.actor && `${said.actor.kind}:${said.actor.id}`,
    commandid: said.commandId,
    correlationid: said.correlationId,
    causationid: said.causationId,
    ...('text' in metadata ? { storedmetadata: metadata.text } : { storedmetadata64: metadata.base64 }),
  };
  return `${JSON.stringify(attributes).slice(0, -1)},`;
}

/** CloudEvents' own names. */
const cloudData = (data: Payload): string =>
  'text' in data ? payloadText('data', data) : `"data_base64":"${data.base64}"`;

const cloudSchema = z.object({
  id: z.string(),
  type: z.string(),
  subject: z.string(),
  datacontenttype: z.string(),
  position: z.string(),
  revision: z.int(),
  recordedat: z.string(),
  storedmetadata: z.string().optional(),
  storedmetadata64: z.string().optional(),
  data_base64: z.string().optional(),
});

function readCloudEvent(line: string): string | undefined {
  const parsed = cloudSchema.safeParse(parse(line));
  if (!parsed.success) return undefined;
  const { storedmetadata, storedmetadata64, data_base64: base64, ...said } = parsed.data;
  const envelope = {
    position: said.position,
    recordedAt: said.recordedat,
    stream: said.subject,
    revision: said.revision,
    id: said.id,
    type: said.type,
    contentType: said.datacontenttype,
    metadata: storedmetadata === undefined ? { base64: storedmetadata64 ?? '' } : { text: storedmetadata },
  };
  const attributes = cloudAttributes({ ...envelope, data: { base64: '' } });
  const before = `${attributes}"data":`;
  const data: Payload = base64 === undefined ? { text: line.slice(before.length, -1) } : { base64 };
  return `${attributes}${cloudData(data)}}` === line ? entryText({ ...envelope, data }) : undefined;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
