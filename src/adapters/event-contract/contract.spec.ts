import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventCatalogue } from '../../domain/event-catalogue.js';
import { defineEvent } from '../../domain/shared/event.js';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { toCloudEvent, toCloudEventWithoutData } from '../nats/cloud-event.js';
import { asyncApi } from './asyncapi.js';
import { brokenPromises, contractFiles, type ContractFiles } from './contract.js';
import { eventSchema, personalData } from './event-schema.js';
import type { JsonSchema } from './json-schema.js';

const addFormats = ajvFormats.default;
const SPECIFICATION = 'node_modules/@asyncapi/specs/schemas/3.0.0.json';
const readJson = (path: string): JsonSchema => JSON.parse(readFileSync(path, 'utf8')) as JsonSchema;

const definition = (type: string) => {
  const found = eventCatalogue.find((one) => one.type === type);
  if (!found) throw new Error(`no ${type}`);
  return found;
};

describe('the schema of an event', () => {
  it.each(eventCatalogue.map((one) => [one.type, one] as const))(
    'of %s is valid 2020-12, says what happened, and has an example that the log would take',
    (_, one) => {
      const schema = eventSchema(one);
      const ajv = addFormats(new Ajv2020({ strict: true, allowUnionTypes: true, keywords: ['x-personal-data'] }));
      const validate = ajv.compile(schema);
      expect(String(schema['description'])).toMatch(/\.$/);
      const [example] = z.array(z.unknown()).parse(schema['examples']);
      expect(validate(example), JSON.stringify(validate.errors)).toBe(true);
      expect(one.schema.safeParse(example).error).toBeUndefined();
      expect(validate('text')).toBe(false);
    },
  );

  it('marks personal data wherever it stands', () => {
    expect(personalData(eventSchema(definition('workspaces.MemberAdded')))).toEqual(['name', 'email']);
    expect(personalData(eventSchema(definition('sync.RecordsRejected')))).toEqual(['records[].value']);
    expect(personalData(eventSchema(definition('sales.SaleAmended')))).toEqual([
      'from.customerName',
      'to.customerName',
    ]);
    expect(personalData(eventSchema(definition('work.TaskMoved')))).toEqual([]);
  });
});

describe('the AsyncAPI document', () => {
  const document = asyncApi(eventCatalogue, '1.2.3');

  it('holds to the specification, as its authors publish it', () => {
    const ajv = addFormats(new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false }));
    const validate = ajv.compile(readJson(SPECIFICATION));
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
    validate({ ...document, channels: { nonsense: { address: 7 } } });
    expect(validate.errors).not.toBeNull();
  });

  it('has a channel for every type of event, and no reference that leads nowhere', () => {
    expect(Object.keys(Reflect.get(document, 'channels') as object)).toEqual(eventCatalogue.map(({ type }) => type));
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
    expect(references.length).toBeGreaterThan(eventCatalogue.length * 5);
    for (const path of references) {
      const target = path.split('/').reduce<unknown>((at, name) => Reflect.get(at as object, name), document);
      expect(target, path).toBeTypeOf('object');
    }
  });

  it('describes the messages that are really sent', () => {
    const ajv = addFormats(new Ajv2020({ strict: false }));
    const components: unknown = Reflect.get(document, 'components');
    ajv.addSchema({ $id: 'https://example.org/events', components });
    const event: RecordedEvent = {
      id: '0190a6f2-3c00-7000-8000-000000000001',
      streamName: 'label-0190a6f2-3c00-7000-8000-000000000002',
      revision: 0,
      position: { commit: 12n, prepare: 11n },
      type: 'work.LabelCreated',
      data: { name: 'urgent', color: '#ff0000' },
      metadata: {
        workspaceId: '0190a6f2-3c00-7000-8000-000000000003',
        actor: { kind: 'user', id: 'ann' },
        commandId: '0190a6f2-3c00-7000-8000-000000000004',
        $correlationId: '0190a6f2-3c00-7000-8000-000000000004',
        $causationId: '0190a6f2-3c00-7000-8000-000000000004',
        schemaVersion: 1,
        occurredAt: '2026-03-01T09:30:00.000Z',
      },
      recordedAt: '2026-03-01T09:30:00.001Z',
    };
    const payload = ajv.compile({ $ref: 'https://example.org/events#/components/messages/work.LabelCreated/payload' });
    for (const message of [toCloudEvent(event), toCloudEventWithoutData(event)])
      expect(payload(message), JSON.stringify(payload.errors)).toBe(true);
    expect(payload(toCloudEvent({ ...event, data: { name: 'urgent' } }))).toBe(false);
    expect(payload(toCloudEvent({ ...event, type: 'work.LabelDeleted' }))).toBe(false);
  });
});

describe('the contract as files', () => {
  const first = defineEvent('test.Named', z.object({ name: z.string() }).describe('Named.'));
  const second = defineEvent('test.Named', z.object({ names: z.array(z.string()) }).describe('Named.'), [
    (data) => data,
  ]);
  const none: ContractFiles = new Map();

  it('is what the code says, in this repository', () => {
    const there = new Map(
      readdirSync('schemas', { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name))
        .map((path) => [path.slice('schemas/'.length), readFileSync(path, 'utf8')]),
    );
    const { version } = readJson('package.json');
    expect(Object.fromEntries(contractFiles(eventCatalogue, String(version), there))).toEqual(
      Object.fromEntries(there),
    );
  });

  it('breaks nothing with a new version beside the old one, which stays', () => {
    const before = contractFiles([first], '1', none);
    const after = contractFiles([second], '1', before);
    expect(after.get('events/test.Named.v1.json')).toBe(before.get('events/test.Named.v1.json'));
    expect([...after.keys()]).toContain('events/test.Named.v2.json');
    expect(brokenPromises(before, after)).toEqual([]);
    expect(() => contractFiles([second], '1', none)).toThrow(/test\.Named\.v1\.json is missing/);
  });

  it('is broken by a changed version, by one that is gone, and by a type that is gone', () => {
    const before = contractFiles([first], '1', none);
    const changed = defineEvent('test.Named', z.object({ names: z.array(z.string()) }).describe('Named.'));
    expect(brokenPromises(before, contractFiles([changed], '1', before))).toEqual([
      'test.Named: data.name is gone',
      'test.Named: data.names is new and must be there, which older events lack',
    ]);
    const two = contractFiles([second], '1', before);
    expect(brokenPromises(two, before)).toEqual([expect.stringContaining('test.Named: version 2 is gone')]);
    expect(brokenPromises(before, contractFiles([], '1', none))).toEqual([
      expect.stringContaining('version 1 is gone'),
    ]);
  });
});
