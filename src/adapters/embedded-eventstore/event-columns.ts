/** What both ways into the table of events, appends and restores, send for each event beside its position and time. */
import { bigintArray, boolArray, byteaArray, textArray, uuidArray } from './binary-array.js';
import { checksumOf } from './checksum.js';
import type { StoredEvent } from './stored-event.js';

/** Arrays, one value per event: stream, revision, id, type, is_json, data, metadata, checksum (an unsigned one: cast it to integer). */
export const eventColumns = (events: readonly StoredEvent[]): Buffer[] => [
  textArray(events.map((event) => event.stream)),
  bigintArray(events.map((event) => event.revision)),
  uuidArray(events.map((event) => event.id)),
  textArray(events.map((event) => event.type)),
  boolArray(events.map((event) => event.isJson)),
  byteaArray(events.map((event) => event.data)),
  byteaArray(events.map((event) => event.metadata)),
  bigintArray(events.map((event) => checksumOf(event))),
];
