/** Where the next page is, by what a page said. */
import type { PagesConfig, WayOn } from './pages-config.js';

/** A page that was read. */
export interface PageRead {
  readonly address: URL;
  /** Its `Link` header. */
  readonly link: string | null;
  readonly body: unknown;
  /** Records on it. */
  readonly count: number;
}

/** The first page: the address with the page size, unless it says one itself. */
export function firstPage(address: string, { pageSize }: PagesConfig): URL {
  const url = new URL(address);
  url.hash = '';
  if (pageSize && !url.searchParams.has(pageSize.parameter)) {
    url.searchParams.set(pageSize.parameter, String(pageSize.size));
  }
  return url;
}

/** The next page's address; undefined behind the last page. What it says is the server's word: check where it leads. */
export function nextPage({ next }: PagesConfig, page: PageRead): URL | undefined {
  for (const way of next) {
    const address = onward(way, page);
    if (address) return address;
  }
  return undefined;
}

function onward(way: WayOn, { address, link, body, count }: PageRead): URL | undefined {
  switch (way.by) {
    case 'link':
      return resolved(linkToNext(link), address);
    case 'field':
      return resolved(valueAt(body, way.path), address);
    case 'cursor': {
      const cursor = valueAt(body, way.path);
      if (typeof cursor !== 'string' && typeof cursor !== 'number') return undefined;
      return cursor === '' ? undefined : withParameter(address, way.parameter, String(cursor));
    }
    case 'page': {
      const current = Number(address.searchParams.get(way.parameter) ?? way.first);
      return count === 0 ? undefined : withParameter(address, way.parameter, String(current + 1));
    }
    case 'offset': {
      const behind = Number(address.searchParams.get(way.parameter) ?? 0) + count;
      const total = way.total === undefined ? undefined : Number(valueAt(body, way.total) ?? Number.NaN);
      const isMore = count > 0 && (total === undefined || behind < total);
      return isMore ? withParameter(address, way.parameter, String(behind)) : undefined;
    }
  }
}

/** The value at a path of names; undefined where there is none. */
export function valueAt(value: unknown, path: string | undefined): unknown {
  let at = value;
  for (const name of path?.split('.') ?? []) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = new Map<string, unknown>(Object.entries(at)).get(name);
  }
  return at;
}

function linkToNext(header: string | null): string | undefined {
  for (const [, target, parameters = ''] of (header ?? '').matchAll(
    /<([^>]*)>((?:\s*;\s*[^\s,;=]+\s*=\s*(?:"[^"]*"|[^",;]*))*)/g,
  )) {
    // prettier-ignore
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\s*(?:;|$))/i.test(parameters)) return target;
  }
  return undefined;
}

function resolved(target: unknown, address: URL): URL | undefined {
  if (typeof target !== 'string' || target === '' || !URL.canParse(target, address.href)) return undefined;
  const url = new URL(target, address);
  url.hash = '';
  return url;
}

function withParameter(address: URL, parameter: string, value: string): URL {
  const url = new URL(address);
  url.searchParams.set(parameter, value);
  return url;
}
