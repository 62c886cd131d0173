/** What an import is going to do, found out before anything is written: files looked at, mapping chosen, content fingerprinted. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { integrationConfigSchema } from '../../../commands/sync/register-integration.command.js';
import { openSource } from '../files/open-source.js';
import { UnreadableSource, type RecordSource } from '../files/source-record.js';
import { guessMapping } from '../mapping/guess.js';
import { checkAddress, nameOf, openPages, type PlaceInPages } from '../http/http-pages.js';
import { DEFAULT_PAGES } from '../http/pages-config.js';
import { columnsOf, IMPORT_KINDS, sourceOf, type ImportKind, type Mapping } from '../mapping/mapping.js';
import { loadMapping } from '../mapping/shipped.js';
import { ImportContext, type Sink } from '../translate/translator.js';
import { translatorFor } from '../translate/translator-for.js';
import type { ImportRequest } from './import-request.js';
import type { RejectedRecord } from '../../../domain/sync/sync-run.events.js';

export interface PreparedImport {
  readonly mapping: Mapping;
  /** Why this mapping: `given`, or how it was guessed. */
  readonly because: string;
  readonly integration: ImportRequest['integration'];
  readonly sources: ImportRequest['sources'];
  /** Of all files together, as they stand on the disk; undefined where it is not known before. */
  readonly bytes: number | undefined;
}

export const isAddress = (source: string): boolean => /^https?:\/\//i.test(source);

/**
 * @param from paths of files, or one address of JSON pages
 * @param mapping path of a mapping file or name of a shipped one; guessed from the first file's columns when absent
 * @param credential what the address asks for, see PageFetcher
 * @throws UnreadableSource when a file can't be read, or no mapping fits
 */
export async function prepareImport(
  kind: ImportKind,
  from: readonly string[],
  mapping?: string,
  credential?: string,
): Promise<PreparedImport> {
  const address = from.find(isAddress);
  if (address === undefined) return prepareFiles(kind, from, mapping);
  if (from.length > 1) throw new UnreadableSource('Give one address at a time, and no files with it.');
  return preparePages(kind, address, mapping, credential);
}

async function preparePages(
  kind: ImportKind,
  address: string,
  nameOrPath: string | undefined,
  credential: string | undefined,
): Promise<PreparedImport> {
  const url = checkAddress(address, credential);
  const open = (columns: readonly string[], config = DEFAULT_PAGES, at?: PlaceInPages): Promise<RecordSource> =>
    openPages({ address, config, credential, columns, from: at });
  const { mapping, because } = nameOrPath === undefined ? guess(kind, [await open([])]) : given(kind, nameOrPath);
  const config = mapping.http ?? DEFAULT_PAGES;
  const isJira = mapping.kind === 'tasks' && mapping.layout === 'jira';
  return {
    mapping,
    because,
    integration: {
      kind: isJira ? 'jira' : 'http',
      key: ['http', address, sourceOf(mapping), mapping.kind],
      name: `${isJira ? 'Jira' : 'Pages'}: ${url.host} (${mapping.kind})`.slice(-200),
      config: integrationConfigSchema.parse({ url: address, pages: config }),
    },
    sources: [{ name: nameOf(address), fingerprint: null, open: (at) => open(columnsOf(mapping), config, at) }],
    bytes: undefined,
  };
}

async function prepareFiles(kind: ImportKind, files: readonly string[], mapping?: string): Promise<PreparedImport> {
  const opened = await Promise.all(files.map(async (path) => ({ path, source: await openSource(path) })));
  const chosen = mapping === undefined ? guess(kind, opened.map(({ source }) => source)) : given(kind, mapping); // prettier-ignore
  const ordered = inOrder(chosen.mapping, opened);
  const prints = await Promise.all(ordered.map(({ path }) => fingerprintOf(path)));
  const sizes = await Promise.all(ordered.map(async ({ path }) => (await stat(path)).size));
  return {
    ...chosen,
    integration: {
      kind: 'file',
      key: ['file', sourceOf(chosen.mapping), chosen.mapping.kind],
      name: `Files: ${sourceOf(chosen.mapping)} (${chosen.mapping.kind})`,
      config: {},
    },
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    // Opened again when its turn comes: only one file is open at a time.
    sources: ordered.map(({ path, source: { name } }, index) => ({
      name,
      fingerprint: prints[index] ?? null,
      open: () => openSource(path),
    })),
  };
}

function given(kind: ImportKind, nameOrPath: string): Pick<PreparedImport, 'mapping' | 'because'> {
  const mapping = loadMapping(nameOrPath);
  if (mapping.kind === kind) return { mapping, because: 'given' };
  throw new UnreadableSource(`The mapping ${mapping.name} is for ${mapping.kind}, not for ${kind}. The kinds are ${IMPORT_KINDS.join(', ')}.`); // prettier-ignore
}

function guess(kind: ImportKind, sources: readonly RecordSource[]): Pick<PreparedImport, 'mapping' | 'because'> {
  const [first] = sources;
  if (!first) throw new UnreadableSource('No file was given.');
  const found = guessMapping(
    kind,
    first.header,
    sources.map(({ name }) => name),
  );
  if (found.outcome === 'found') return found;
  const columns = first.header.slice(0, 30).map((column) => JSON.stringify(column)).join(', '); // prettier-ignore
  const example = JSON.stringify({ name: 'my-mapping', kind, fields: Object.fromEntries(found.missing.map((field) => [field, 'NAME OF COLUMN'])) }); // prettier-ignore
  throw new UnreadableSource(
    `No column of ${first.name} could be recognised as ${found.missing.join(', ')}, which ${kind} need. ` +
      `${columns === '' ? 'Not one record of it could be read' : `Its columns are ${columns}`}.\n` +
      `Say which is which in a mapping file and give it with --mapping: ${example}`,
  );
}

/** Arrivals before departures; everything else as given. */
function inOrder<Opened extends { readonly source: RecordSource }>(
  mapping: Mapping,
  opened: readonly Opened[],
): readonly Opened[] {
  if (mapping.kind !== 'attendance' || mapping.layout !== 'wide') return opened;
  const isArrivals = ({ source }: Opened): boolean => source.name.toLowerCase().includes(mapping.files.checkIn);
  if (!opened.some(isArrivals)) {
    throw new UnreadableSource(`The file of arrivals is missing: give the one with "${mapping.files.checkIn}" in its name too.`); // prettier-ignore
  }
  return [...opened.filter(isArrivals), ...opened.filter((file) => !isArrivals(file))];
}

async function fingerprintOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  const chunks: AsyncIterable<Buffer> = createReadStream(path);
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('base64url');
}

export interface DryRun {
  readonly records: number;
  readonly rejected: number;
  /** Pieces of work that an import would do: sales, days, reports, tasks. */
  readonly units: number;
}

/** Reads and translates everything, sends nothing. Rules that need what is in the log already are not checked. */
export async function dryRun(
  { mapping, sources }: PreparedImport,
  workspaceId: string,
  onRejects: (records: readonly RejectedRecord[]) => void,
): Promise<DryRun> {
  const translator = translatorFor(mapping, new ImportContext(workspaceId, 'UTC', workspaceId, workspaceId, 'dry-run'));
  let [records, rejected, units] = [0, 0, 0];
  const sink: Sink = {
    unit: () => {
      units += 1;
    },
    reject: (record) => {
      rejected += 1;
      onRejects([record]);
    },
    leaveOut: () => undefined,
  };
  for (const { open } of sources) {
    const source = await open();
    translator.begin(source);
    for await (const batch of source.batches) {
      records += batch.length;
      for (const record of batch) translator.add(record, sink);
    }
    translator.end(sink);
  }
  translator.finish?.(sink);
  return { records, rejected, units };
}
