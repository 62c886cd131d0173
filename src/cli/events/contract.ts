/** `teampulse events catalogue|schema|asyncapi`: the contract with integrators, as it is committed in the folder schemas. */
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { schemaFile } from '../../adapters/event-contract/contract.js';
import { eventSchema, personalData } from '../../adapters/event-contract/event-schema.js';
import { eventCatalogue } from '../../domain/event-catalogue.js';
import type { EventDefinition } from '../../domain/shared/event.js';
import { CliError } from '../failure.js';

/** The same place from src and from dist. */
const fileOf = (name: string): URL => new URL(`../../../schemas/${name}`, import.meta.url);

export const contractCommands = (): readonly Command[] => [catalogueCommand(), schemaCommand(), asyncApiCommand()];

const catalogueCommand = (): Command =>
  new Command('catalogue')
    .description('List every type of event: its newest version, what happened, and what of it is personal data.')
    .option('--json', 'one object a line')
    .action(({ json }: { readonly json?: true }) => {
      for (const definition of eventCatalogue) console.log(json ? JSON.stringify(entryOf(definition)) : lineOf(definition));
    }); // prettier-ignore

const schemaCommand = (): Command =>
  new Command('schema')
    .description("Print the JSON Schema (2020-12) of an event's data.")
    .argument('<type>', 'such as work.TaskCreated; `events catalogue` lists them', asDefinition)
    .option('--version <number>', 'an older version; the newest unless told', asVersion)
    .action((definition: EventDefinition, { version = definition.schemaVersion }: { readonly version?: number }) => {
      if (version > definition.schemaVersion)
        throw new CliError(`${definition.type} has no version ${version}`, `its newest is ${definition.schemaVersion}`);
      print(schemaFile(definition.type, version));
    });

const asyncApiCommand = (): Command =>
  new Command('asyncapi')
    .description('Print the AsyncAPI 3.0 document of what goes to NATS.')
    .action(() => print('asyncapi.json'));

function print(file: string): void {
  process.stdout.write(readFileSync(fileOf(file), 'utf8'));
}

function entryOf(definition: EventDefinition): object {
  const schema = eventSchema(definition);
  const { type, schemaVersion } = definition;
  return { type, schemaVersion, description: schema['description'], personalData: personalData(schema) };
}

function lineOf({ type, schemaVersion, schema }: EventDefinition): string {
  return `${type.padEnd(38)} v${schemaVersion}  ${schema.description ?? ''}`;
}

function asDefinition(text: string): EventDefinition {
  const found = eventCatalogue.find(({ type }) => type === text);
  if (!found)
    throw new InvalidArgumentError('there is no such type of event; `teampulse events catalogue` lists them.');
  return found;
}

function asVersion(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('a version is a whole number from 1.');
  return Number(text);
}
