/**
 * `npm run schema` writes schema.graphql, the whole schema as clients see it. `npm run schema -- --check` fails when the file is
 * not what the sources say, and when the last commit (or what is not committed yet) takes something away that clients may
 * use; `--allow-breaking` lets that through, for a change that was announced.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { GraphQLTypesLoader } from '@nestjs/graphql';
import { buildSchema, lexicographicSortSchema, printSchema } from 'graphql';

const root = fileURLToPath(new URL('..', import.meta.url));
const FILE = `${root}schema.graphql`;

const typeDefs = await new GraphQLTypesLoader().mergeTypesByPaths([`${root}src/api/**/*.graphql`]);
const schema = lexicographicSortSchema(buildSchema(typeDefs));
const text = `${printSchema(schema)}\n`;

if (process.argv.includes('--check')) await check();
else writeFileSync(FILE, text);

async function check() {
  if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== text)
    fail('schema.graphql is not what src/api/**/*.graphql say: run `npm run schema` and commit it.');
  const before = committed('HEAD') === text ? committed('HEAD^') : committed('HEAD');
  if (before === undefined) return console.log('schema: no earlier one to compare with');
  const changes = await diff(buildSchema(before), schema);
  const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking);
  for (const { message } of breaking) console.error(`breaking: ${message}`);
  if (breaking.length > 0 && !process.argv.includes('--allow-breaking'))
    fail('The schema breaks clients. Keep what they use and mark it @deprecated, or pass --allow-breaking.');
}

/** @returns undefined outside git, in a shallow clone, and where there was no schema yet */
function committed(revision) {
  const { status, stdout } = spawnSync('git', ['show', `${revision}:schema.graphql`], { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
