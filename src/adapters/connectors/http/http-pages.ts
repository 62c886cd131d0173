/** Pages of JSON behind an address as records: asks for the next page only when the last one was taken. */
import { createHash } from 'node:crypto';
import { columnsOf, fieldsOf } from '../files/json-fields.js';
import { UnreadableSource, type RecordSource, type SourceRecord } from '../files/source-record.js';
import { PageFetcher, shown, type FetchLimits } from './fetch-page.js';
import { firstPage, nextPage, valueAt } from './next-page.js';
import type { PagesConfig } from './pages-config.js';

/** A page's address stands in events; longer ones are no addresses any more. */
const MAX_ADDRESS = 4_000;
/** Far above any honest listing; a server that always knows one more page ends here. */
const MAX_PAGES = 1_000_000;

export interface PlaceInPages {
  /** Address of the page. */
  readonly page: string;
  /** Records before it. */
  readonly record: number;
}

export interface OpenPages {
  readonly address: string;
  readonly config: PagesConfig;
  /** See PageFetcher. */
  readonly credential?: string | undefined;
  /** Columns that count as there even if the first page lacks them: it can be empty, and reading can begin in the middle. */
  readonly columns?: readonly string[];
  /** The first page unless given. */
  readonly from?: PlaceInPages | undefined;
  readonly limits?: Partial<FetchLimits>;
}

/** Query parameters by which secrets go; an address stands in events and logs. */
const SECRET =
  /^(.*[-_])?(password|passwd|secret|token|access_?token|api[-_]?key|key|auth|authorization|signature|sig)$/i;

/** Of these, those that stand for nothing but a secret: a `page_token` says where to go on. */
const CREDENTIAL =
  /^(access_?token|auth_?token|api_?token|api[-_]?key|client_?secret|secret|password|passwd|auth|authorization)$/i;

/** Some servers put the credential they were shown into their links; it goes by the header again, and not into the log. */
function withoutSecrets(page: URL): URL {
  const url = new URL(page);
  for (const name of page.searchParams.keys()) if (CREDENTIAL.test(name)) url.searchParams.delete(name);
  return url;
}

/**
 * Checks an address before anything is asked there.
 * @throws UnreadableSource when it is none, or carries a secret, or a credential would go over an open wire
 */
export function checkAddress(address: string, credential?: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) throw new UnreadableSource('The address is not an http(s) URL.'); // prettier-ignore
  const secret = [...url.searchParams.keys()].find((name) => SECRET.test(name));
  if (url.username !== '' || url.password !== '' || secret !== undefined) {
    const where = secret === undefined ? 'before the host' : `in the parameter ${secret}`;
    throw new UnreadableSource(`The address of ${url.host} carries a secret ${where}, and addresses are kept in the log. Take it out and give it by IMPORT_HTTP_TOKEN.`); // prettier-ignore
  }
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (credential !== undefined && url.protocol === 'http:' && !isHere) {
    throw new UnreadableSource(`${url.origin} is not encrypted, so the token in IMPORT_HTTP_TOKEN is not sent there. Give the address with https://, or unset the token.`); // prettier-ignore
  }
  return url;
}

/**
 * Opens an address at its first page, or where reading had come to.
 * @throws UnreadableSource with what, where and what to do
 */
export async function openPages({
  address,
  config,
  credential,
  columns = [],
  from,
  limits,
}: OpenPages): Promise<RecordSource> {
  // prettier-ignore
  const { origin } = checkAddress(address, credential);
  const fetcher = new PageFetcher(origin, credential, limits);
  let bytes = 0;
  let count = from?.record ?? 0;
  let lastContent = '';
  let following: URL | undefined;

  const read = async (page: URL): Promise<readonly SourceRecord[]> => {
    requireOrigin(page, origin, address);
    const { body, link, bytes: length } = await fetcher.get(page);
    bytes += length;
    const values = recordsOf(body, config, page);
    const content = values.length === 0 ? '' : createHash('sha256').update(JSON.stringify(values)).digest('base64url');
    if (content !== '' && content === lastContent) {
      throw new UnreadableSource(`${shown(page)} gives the same records as the page before it: the server does not understand how the next page is asked for. Check http.next in the mapping.`); // prettier-ignore
    }
    lastContent = content;
    const next = nextPage(config, { address: page, link, body, count: values.length });
    following = next && withoutSecrets(next);
    return values.map((value) => ({ line: (count += 1), columns: [], value, ...problemOf(value) }));
  };

  const start = from ? new URL(from.page) : firstPage(address, config);
  const first = await read(start);
  const header = [...new Set([...fieldsOf(first), ...(from || first.length === 0 ? columns : [])])];
  const withColumns = (records: readonly SourceRecord[]): readonly SourceRecord[] =>
    records.map((record) =>
      record.problem === undefined ? { ...record, columns: columnsOf(header, record) } : record,
    );

  return {
    name: nameOf(address),
    header,
    bytesRead: () => bytes,
    description: () => 'pages of JSON',
    nextPage: () => following?.href,
    batches: (async function* batches() {
      if (first.length > 0) yield withColumns(first);
      for (let pages = 1; pages < MAX_PAGES; pages += 1) {
        if (!following) return;
        const records = await read(following);
        if (records.length > 0) yield withColumns(records);
      }
      throw new UnreadableSource(`${nameOf(address)} has more than ${MAX_PAGES} pages.`);
    })(),
  };
}

/** What an address is called in runs and rejects. */
export const nameOf = (address: string): string => address.slice(0, 300);

function requireOrigin(page: URL, origin: string, address: string): void {
  if (page.origin !== origin || page.username !== '' || page.password !== '') {
    throw new UnreadableSource(`${nameOf(address)} says its next page is at ${page.origin}, which is not followed: credentials and data belong to ${origin}.`); // prettier-ignore
  }
  if (page.href.length > MAX_ADDRESS) throw new UnreadableSource(`${nameOf(address)}: the next page's address is longer than ${MAX_ADDRESS} characters.`); // prettier-ignore
}

function recordsOf(body: unknown, { recordsPath }: PagesConfig, page: URL): readonly unknown[] {
  const records = valueAt(body, recordsPath);
  if (Array.isArray(records)) return records as unknown[];
  const where = recordsPath === undefined ? 'no array of records' : `no array at ${recordsPath}`;
  const fields = typeof body === 'object' && body !== null ? Object.entries(body) : [];
  const arrays = fields.filter(([, value]) => Array.isArray(value)).map(([name]) => name);
  const found = fields.length === 0 ? 'It is no object' : `Its fields are ${fields.slice(0, 20).map(([name]) => name).join(', ')}`; // prettier-ignore
  const hint = arrays.length === 0 ? '' : `; arrays are in ${arrays.slice(0, 10).join(', ')}`;
  throw new UnreadableSource(`${shown(page)} answers with ${where}. ${found}${hint}. Say where the records are by http.recordsPath in the mapping.`); // prettier-ignore
}

const problemOf = (value: unknown): { readonly problem?: string } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? {} : { problem: 'not an object with fields' };
