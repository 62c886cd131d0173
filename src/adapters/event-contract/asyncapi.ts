/** The AsyncAPI 3.0 document of what the publisher sends to JetStream, https://www.asyncapi.com/docs/reference/specification/v3.0.0 */
import type { EventDefinition } from '../../domain/shared/event.js';
import { cloudEventSchema } from './cloud-event-schema.js';
import { eventSchema } from './event-schema.js';
import type { JsonSchema } from './json-schema.js';
import { schemaUri, subjectFor } from '../nats/cloud-event.js';
import { CONTENT_TYPE, POSITION_HEADER } from '../nats/ordered-publisher.js';
import { STREAM } from '../nats/jetstream-bus.js';

const DESCRIPTION = `Every event of TeamPulse's log as a CloudEvent 1.0 (structured mode, JSON) in the JetStream stream \`${STREAM}\`.
Events come at least once and in the order of the log; \`id\` tells a repeated one. See docs/integrations.md.`;

export function asyncApi(catalogue: readonly EventDefinition[], version: string): object {
  const each = <Value>(of: (definition: EventDefinition) => Value): Record<string, Value> =>
    Object.fromEntries(catalogue.map((definition) => [definition.type, of(definition)]));
  return {
    asyncapi: '3.0.0',
    id: 'urn:teampulse:events',
    info: {
      title: 'TeamPulse events',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: CONTENT_TYPE,
    servers: {
      nats: {
        host: '{host}:{port}',
        protocol: 'nats',
        description: 'The NATS server or cluster of the installation, with JetStream.',
        variables: {
          host: { default: 'localhost', description: 'Where NATS_URL points.' },
          port: { default: '4222' },
        },
        security: [
          { $ref: '#/components/securitySchemes/userPassword' },
          { $ref: '#/components/securitySchemes/clientCertificate' },
        ],
      },
    },
    channels: each(channelOf),
    operations: each(({ type, schema }) => ({
      action: 'send',
      channel: { $ref: `#/channels/${type}` },
      summary: schema.description ?? type,
      messages: [{ $ref: `#/channels/${type}/messages/${type}` }],
    })),
    components: {
      messages: each(messageOf),
      schemas: { CloudEvent: cloudEventSchema, ...each(dataOf) },
      parameters: {
        workspaceId: {
          description: 'The workspace whose event it is, a UUID. `*` subscribes to those of every workspace that the login may see.',
        },
      },
      securitySchemes: {
        userPassword: {
          type: 'userPassword',
          description: 'A login whose permissions end at the subjects of its workspaces; or a token in place of both.',
        },
        clientCertificate: { type: 'X509', description: 'A client certificate, where the server asks for one.' },
      },
    },
  }; // prettier-ignore
}

const channelOf = ({ type, schema }: EventDefinition): object => ({
  address: subjectFor('{workspaceId}', type),
  title: type,
  description: schema.description ?? type,
  servers: [{ $ref: '#/servers/nats' }],
  parameters: { workspaceId: { $ref: '#/components/parameters/workspaceId' } },
  messages: { [type]: { $ref: `#/components/messages/${type}` } },
});

function messageOf({ type, schema, schemaVersion }: EventDefinition): object {
  const dataschema = schemaUri(type, schemaVersion);
  return {
    name: type,
    title: type,
    summary: schema.description ?? type,
    contentType: CONTENT_TYPE,
    headers: {
      type: 'object',
      required: ['Nats-Msg-Id', 'Content-Type', POSITION_HEADER],
      properties: {
        'Nats-Msg-Id': { type: 'string', format: 'uuid', description: "The event's id, by which NATS drops repetitions." },
        'Content-Type': { type: 'string', description: 'application/cloudevents+json; charset=UTF-8' },
        [POSITION_HEADER]: { type: 'string', pattern: '^\\d+/\\d+$', description: "The event's place in the log." },
      },
    },
    payload: {
      allOf: [
        { $ref: '#/components/schemas/CloudEvent' },
        {
          type: 'object',
          properties: {
            type: { const: type },
            dataschema: { const: dataschema },
            schemaversion: { const: schemaVersion },
            data: { $ref: `#/components/schemas/${type}` },
          },
        },
      ],
    },
  }; // prettier-ignore
}

/** AsyncAPI's own dialect is JSON Schema draft 7 and more; what these schemas use means the same in it. */
function dataOf(definition: EventDefinition): JsonSchema {
  const { $schema: _dialect, $id: _id, ...schema } = eventSchema(definition);
  return schema;
}
