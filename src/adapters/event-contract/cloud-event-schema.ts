/** The envelope of every message, as a JSON Schema. `CloudEvent` in adapters/nats says the same to the compiler. */
import type { JsonSchema } from './json-schema.js';

const uuid = (description: string): JsonSchema => ({ type: 'string', format: 'uuid', description });
const text = (description: string): JsonSchema => ({ type: 'string', description });

export const cloudEventSchema: JsonSchema = {
  type: 'object',
  description: 'CloudEvents 1.0, https://github.com/cloudevents/spec; extension attributes are those of TeamPulse.',
  required: [
    'specversion',
    'id',
    'source',
    'type',
    'subject',
    'time',
    'datacontenttype',
    'dataschema',
    'workspaceid',
    'position',
    'revision',
    'schemaversion',
    'recordedat',
    'actor',
    'commandid',
    'correlationid',
    'causationid',
  ],
  // Either the data or where it is.
  oneOf: [{ required: ['data'] }, { required: ['dataref'] }],
  properties: {
    specversion: { const: '1.0' },
    id: uuid("The event's id. The same id again is the same event: drop it."),
    source: text('`/teampulse/workspaces/<workspace id>`.'),
    type: text('What happened: `<capability>.<PastTense>`.'),
    subject: text('The stream of the thing it happened to: `<category>-<thing id>`. Events of one subject come in order.'),
    time: { type: 'string', format: 'date-time', description: 'When it happened; imports set it in the past.' },
    datacontenttype: { const: 'application/json' },
    dataschema: text('The `$id` of the JSON Schema that the data holds to.'),
    workspaceid: uuid('The workspace.'),
    position: {
      type: 'string',
      pattern: '^\\d+/\\d+$',
      description: 'Its place in the log, `commit/prepare`: two integers, compared as numbers, the first one first. It only grows; it has gaps.',
    },
    revision: { type: 'integer', minimum: 0, description: 'Its place in its stream: from 0, one by one, without gaps.' },
    schemaversion: { type: 'integer', minimum: 1, description: 'The version of the data: the newest, also of events written long ago.' },
    recordedat: { type: 'string', format: 'date-time', description: 'When the log recorded it.' },
    actor: text('Who caused it: `user:…`, `integration:…`, `policy:…`, `system:…`.'),
    commandid: uuid('The command that produced it.'),
    correlationid: uuid('Shared by all that one request or import led to.'),
    causationid: uuid('The command or event that led to it.'),
    data: { description: 'What happened.' },
    dataref: text('In place of data that no message can hold: the path at the API that gives it to a token of a manager or above.'),
  },
}; // prettier-ignore
