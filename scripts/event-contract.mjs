/**
 * `npm run events:schema` writes the folder schemas: a JSON Schema for every version of every event, the AsyncAPI document and
 * an index. `npm run events:check` fails when the files are not what the code says. Both fail when the last commit (or what
 * is not committed yet) breaks what the one before promised; `--allow-breaking` lets that through, where it was announced.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brokenPromises, contractFiles } from '../dist/adapters/event-contract/contract.js';
import { eventCatalogue } from '../dist/domain/event-catalogue.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(root, 'schemas');
const check = process.argv.includes('--check');

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const there = filesIn(FOLDER);
const wanted = contractFiles(eventCatalogue, version, there);

const changed = [...new Set([...wanted.keys(), ...there.keys()])].filter(
  (file) => wanted.get(file) !== there.get(file),
);
if (check && changed.length > 0)
  fail(`schemas/${changed[0]} is not what the code says: run \`npm run events:schema\` and commit what it writes.`);

const promised = lastPromise();
if (!promised) console.log('events: no earlier contract to compare with');
const broken = promised ? brokenPromises(promised, wanted) : [];
for (const promise of broken) console.error(`breaking: ${promise}`);
if (broken.length > 0 && !process.argv.includes('--allow-breaking'))
  fail(
    'An event is a promise to the log and to its consumers. Give the changed event a new version with an upcaster (docs/integrations.md), or pass --allow-breaking.',
  );

for (const file of changed) {
  const path = join(FOLDER, file);
  const text = wanted.get(file);
  if (text === undefined) rmSync(path);
  else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
if (!check) console.log(`events: ${eventCatalogue.length} types, ${changed.length} files written`);

/** What was committed last; when nothing has changed since, what was before that. Undefined outside git and at the beginning. */
function lastPromise() {
  const head = committed('HEAD');
  const same = head?.size === wanted.size && [...wanted].every(([file, text]) => head.get(file) === text);
  return same ? committed('HEAD^') : head;
}

function committed(revision) {
  const listed = git('ls-tree', '-r', '--name-only', revision, 'schemas/');
  const paths = listed?.split('\n').filter((path) => path !== '');
  if (!paths || paths.length === 0) return undefined;
  return new Map(paths.map((path) => [path.slice('schemas/'.length), git('show', `${revision}:${path}`)]));
}

function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return status === 0 ? stdout : undefined;
}

function filesIn(folder) {
  let names;
  try {
    names = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOENT') return new Map();
    throw error;
  }
  const paths = names.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return new Map(
    paths.map((path) => [path.slice(folder.length + 1).replaceAll('\\', '/'), readFileSync(path, 'utf8')]),
  );
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
