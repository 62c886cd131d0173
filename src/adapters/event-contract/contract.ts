/** All of the contract with integrators as files: a JSON Schema for every version of every event, AsyncAPI, and an index. */
import type { EventDefinition } from '../../domain/shared/event.js';
import { asyncApi } from './asyncapi.js';
import { breakingChanges } from './breaking-changes.js';
import { eventSchema, personalData } from './event-schema.js';
import type { JsonSchema } from './json-schema.js';

/** Contents by path in the folder `schemas`. */
export type ContractFiles = ReadonlyMap<string, string>;

export const schemaFile = (type: string, version: number): string => `events/${type}.v${version}.json`;

/** @throws when an older version of an event has no file: only its newest stands in the code */
export function contractFiles(
  catalogue: readonly EventDefinition[],
  productVersion: string,
  kept: ContractFiles,
): ContractFiles {
  const files = new Map<string, string>();
  for (const definition of catalogue) {
    const { type, schemaVersion } = definition;
    for (let version = 1; version < schemaVersion; version++) {
      const file = schemaFile(type, version);
      const older = kept.get(file);
      if (older === undefined) throw new Error(`schemas/${file} is missing: ${type} is at version ${schemaVersion}, and older versions are kept`); // prettier-ignore
      files.set(file, older);
    }
    files.set(schemaFile(type, schemaVersion), print(eventSchema(definition)));
  }
  files.set('asyncapi.json', print(asyncApi(catalogue, productVersion)));
  files.set('README.md', index(catalogue));
  return files;
}

/** What consumers of `before` can't rely on any more. */
export function brokenPromises(before: ContractFiles, after: ContractFiles): readonly string[] {
  return [...before].flatMap(([file, text]) => {
    const name = /^events\/(.+)\.v(\d+)\.json$/.exec(file);
    if (!name) return [];
    const now = after.get(file);
    if (now === undefined) return [`${name[1]}: version ${name[2]} is gone, and with it the events that were written as such`];
    return breakingChanges(parse(text), parse(now)).map((change) => `${name[1]}: ${change}`);
  }); // prettier-ignore
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own files
const parse = (text: string): JsonSchema => JSON.parse(text) as JsonSchema;

const print = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

const capabilityOf = ({ type }: EventDefinition): string => type.slice(0, type.indexOf('.'));

function index(catalogue: readonly EventDefinition[]): string {
  const capabilities = new Set(catalogue.map(capabilityOf));
  const parts = [...capabilities].map((capability) => {
    const rows = catalogue
      .filter((definition) => capabilityOf(definition) === capability)
      .map((definition) => {
        const { type, schemaVersion } = definition;
        const schema = eventSchema(definition);
        const versions = Array.from({ length: schemaVersion }, (_, n) => `[${n + 1}](${schemaFile(type, n + 1)})`);
        const personal = personalData(schema).map((path) => `\`${path}\``);
        return `| \`${type}\` | ${versions.join(', ')} | ${String(schema['description'])} | ${personal.join(', ')} |`;
      });
    return [`## ${capability}`, '', '| event | versions | what happened | personal data |', '| --- | --- | --- | --- |', ...rows].join('\n'); // prettier-ignore
  });
  return `# Events

Written by \`npm run events:schema\` from \`src/domain\`; don't edit. [docs/integrations.md](../docs/integrations.md) says how to
get these events, [asyncapi.json](asyncapi.json) the same for machines.

${parts.join('\n\n')}
`;
}
