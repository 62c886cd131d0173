/** The mappings that come with TeamPulse, and mappings out of people's files. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { UnreadableSource } from '../files/source-record.js';
import { mappingSchema, type Mapping } from './mapping.js';

const FOLDER = new URL('../mappings/', import.meta.url);

let shipped: readonly Mapping[] | undefined;

/** All of them, by name. */
export function shippedMappings(): readonly Mapping[] {
  shipped ??= readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => mappingSchema.parse(JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'))));
  return shipped;
}

/**
 * A mapping by the name of a shipped one or by the path of a file.
 * @throws UnreadableSource that lists every problem of the file
 */
export function loadMapping(nameOrPath: string): Mapping {
  const known = shippedMappings().find(({ name }) => name === nameOrPath);
  if (known) return known;
  const name = basename(nameOrPath);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(nameOrPath, 'utf8'));
  } catch (cause) {
    const names = shippedMappings().map((mapping) => mapping.name);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UnreadableSource(
      `The mapping ${name} can't be read: ${reason}. Give the path of a JSON file, or one of ${names.join(', ')}.`,
      { cause },
    );
  }
  const parsed = mappingSchema.safeParse(content);
  if (!parsed.success)
    throw new UnreadableSource(
      `The mapping ${name} is not right:\n${z.prettifyError(parsed.error)}\nCompare it with one that is: ${fileURLToPath(FOLDER)}online-retail.json`,
    );
  return parsed.data;
}
