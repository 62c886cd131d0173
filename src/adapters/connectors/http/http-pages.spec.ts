import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RecordSource, SourceRecord } from '../files/source-record.js';
import { checkAddress, openPages, type OpenPages } from './http-pages.js';
import { pagesSchema } from './pages-config.js';

type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

let server: Server;
let origin: string;
/** A second server, to which nothing must go. */
let elsewhere: Server;
let elsewhereOrigin: string;
const strayed: IncomingMessage[] = [];
let answer: Answer;
const asked: IncomingMessage[] = [];

const listen = async (made: Server): Promise<string> => {
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
};
const close = (made: Server): Promise<void> =>
  new Promise((resolve) => {
    made.closeAllConnections();
    made.close(() => resolve());
  });

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request);
    answer(request, response, new URL(request.url ?? '/', origin));
  });
  elsewhere = createServer((request, response) => {
    strayed.push(request);
    response.end('[]');
  });
  [origin, elsewhereOrigin] = await Promise.all([listen(server), listen(elsewhere)]);
});
afterAll(async () => Promise.all([close(server), close(elsewhere)]));
beforeEach(() => {
  asked.length = 0;
  strayed.length = 0;
});

const json = (response: ServerResponse, body: unknown, headers: Record<string, string> = {}): void => {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};
const items = (from: number, to: number): { id: number }[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, index) => ({ id: from + index }));

const FAST = { attempts: 3, firstWaitMs: 5, timeoutMs: 2_000, maxWaitMs: 5_000 };
type Given = Partial<OpenPages> & { readonly http?: object };
const open = ({ http = {}, ...options }: Given = {}): Promise<RecordSource> =>
  openPages({ address: `${origin}/items`, config: pagesSchema.parse(http), limits: FAST, ...options });

async function all(source: RecordSource): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  for await (const batch of source.batches) records.push(...batch);
  return records;
}
const idsOf = (records: readonly SourceRecord[]): string[] => records.map(({ columns }) => columns.join());
const tens = items(0, 10).map(({ id }) => String(id));

describe('pages of an address', () => {
  it('follow the Link header, also a relative one among others', async () => {
    answer = (_, response, url) => {
      const at = Number(url.searchParams.get('at') ?? 0);
      const link = `</items?at=0>; rel="first", </items?at=${at + 4},5>; title="x, y"; rel="next last"`;
      json(response, items(at, Math.min(10, at + 4)), at + 4 < 10 ? { link: link.replace(',5', '') } : {});
    };
    const source = await open();
    expect(source.header).toEqual(['id']);
    const records = await all(source);
    expect(idsOf(records)).toEqual(tens);
    expect(records.map(({ line }) => line)).toEqual(items(1, 11).map(({ id }) => id));
    expect(asked).toHaveLength(3);
  });

  it('follow an address in the answer', async () => {
    answer = (_, response, url) => {
      const at = Number(url.searchParams.get('at') ?? 0);
      json(response, { data: { items: items(at, at + 5) }, links: { next: at === 0 ? '?at=5' : null } });
    };
    const source = await open({ http: { recordsPath: 'data.items', next: [{ by: 'field', path: 'links.next' }] } });
    expect(idsOf(await all(source))).toEqual(tens);
  });

  it('lose a credential that the server puts into its own links, and keep its place', async () => {
    answer = (_, response, url) => {
      const more = { next: `${origin}/items?page_token=b&access_token=sesame&limit=2` };
      json(response, { data: items(0, 2).map(({ id }) => ({ id, page: url.search })), ...(url.search === '' && more) });
    };
    const http = { recordsPath: 'data', next: [{ by: 'field', path: 'next' }] };
    const source = await open({ http, credential: 'sesame' });
    expect(source.nextPage?.()).toBe(`${origin}/items?page_token=b&limit=2`);
    expect(await all(source)).toHaveLength(4);
    expect(asked.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/items', 'Bearer sesame'],
      ['/items?page_token=b&limit=2', 'Bearer sesame'],
    ]);
  });

  it('keep ids of more digits than a number holds', async () => {
    answer = (_, response) => response.end('[{"id":7012345678901234567}]');
    expect((await all(await open()))[0]).toMatchObject({ columns: ['7012345678901234567'] });
  });

  it('follow a cursor, with the page size that was asked for', async () => {
    answer = (_, response, url) => {
      const at = Number(url.searchParams.get('cursor') ?? 0);
      const size = Number(url.searchParams.get('limit'));
      json(response, { items: items(at, at + size), ...(at + size < 10 && { after: at + size }) });
    };
    const http = {
      recordsPath: 'items',
      pageSize: { parameter: 'limit', size: 5 },
      next: [{ by: 'cursor', path: 'after', parameter: 'cursor' }],
    };
    expect(idsOf(await all(await open({ http })))).toEqual(tens);
  });

  it('are counted until an empty one', async () => {
    answer = (_, response, url) => {
      const page = Number(url.searchParams.get('page') ?? 1);
      json(response, page > 2 ? [] : items((page - 1) * 5, page * 5));
    };
    expect(idsOf(await all(await open({ http: { next: [{ by: 'page', parameter: 'page' }] } })))).toEqual(tens);
    expect(asked.map(({ url }) => url)).toEqual(['/items', '/items?page=2', '/items?page=3']);
  });

  it('are read from the place where another reading stopped', async () => {
    answer = (_, response, url) => {
      const page = Number(url.searchParams.get('page') ?? 1);
      json(response, page > 3 ? [] : items((page - 1) * 5, page * 5));
    };
    const http = { next: [{ by: 'page', parameter: 'page' }] };
    const first = await open({ http });
    await first.batches[Symbol.asyncIterator]().next();
    const page = first.nextPage?.() ?? '';
    const source = await open({ http, from: { page, record: 5 }, columns: ['id', 'note'] });
    expect(source.header).toEqual(['id', 'note']);
    const records = await all(source);
    expect(records[0]).toMatchObject({ line: 6, columns: ['5', ''] });
    expect(records).toHaveLength(10);
  });

  it('are refused when the server gives the same page again and again', async () => {
    answer = (_, response) => json(response, items(0, 5));
    const source = await open({ http: { next: [{ by: 'page', parameter: 'seite' }] } });
    await expect(all(source)).rejects.toThrow(/gives the same records as the page before.*http\.next/);
    expect(asked).toHaveLength(2);
  });

  it('may be without records', async () => {
    answer = (_, response) => json(response, []);
    const source = await open({ columns: ['id'] });
    expect(source.header).toEqual(['id']);
    expect(await all(source)).toEqual([]);
  });

  it('may hold values that are no records, which are told', async () => {
    answer = (_, response) => json(response, [{ id: 1 }, 'two', null]);
    expect((await all(await open())).map(({ problem }) => problem)).toEqual([
      undefined,
      'not an object with fields',
      'not an object with fields',
    ]);
  });
});

describe('a server that is busy or broken', () => {
  it('is asked again after what it asks to wait', async () => {
    answer = (_, response) => {
      if (asked.length === 1) response.writeHead(429, { 'retry-after': '1' }).end();
      else json(response, items(0, 2));
    };
    const started = performance.now();
    expect(await all(await open())).toHaveLength(2);
    expect(performance.now() - started).toBeGreaterThanOrEqual(1_000);
  });

  it('is not waited for longer than two minutes, and is told to be asked again later', async () => {
    answer = (_, response) => response.writeHead(503, { 'retry-after': '3600' }).end();
    await expect(open()).rejects.toThrow(/503.*asks to wait 3600 s.*later|503.*asks to wait 3600 s.*again then/);
    expect(asked).toHaveLength(1);
  });

  it('may fail on a page and recover', async () => {
    answer = (_, response, url) => {
      const page = Number(url.searchParams.get('page') ?? 1);
      if (page === 2 && asked.length === 2) return void response.destroy();
      // Promises more than it gives.
      if (page === 2 && asked.length === 3) return void response.writeHead(200, { 'content-length': '50' }).write('[{', () => response.destroy()); // prettier-ignore
      json(response, page > 2 ? [] : items((page - 1) * 5, page * 5));
    };
    expect(idsOf(await all(await open({ http: { next: [{ by: 'page', parameter: 'page' }] } })))).toEqual(tens);
  });

  it('is given up after a bounded number of attempts', async () => {
    answer = (_, response) => response.writeHead(502).end('<html>Bad gateway</html>');
    await expect(open()).rejects.toThrow(/can't be read: it answers 502 Bad Gateway, 3 times/);
    expect(asked).toHaveLength(3);
  });

  it('is not waited for without end', async () => {
    answer = (_, response) => void response.writeHead(200).write('[');
    const limits = { ...FAST, attempts: 2, timeoutMs: 100 };
    await expect(open({ limits })).rejects.toThrow(/no whole answer within 0.1 s, 2 times/);
  });

  it('is not read beyond a bound, however it packs its answer', async () => {
    answer = (_, response) => json(response, { data: 'x'.repeat(100_000) });
    await expect(open({ limits: { ...FAST, maxBytes: 10_000 } })).rejects.toThrow(/larger than 10000 bytes/);
  });

  it('is not tried again on a port that requests are kept from', async () => {
    await expect(open({ address: 'http://127.0.0.1:6000/items' })).rejects.toThrow(/\(bad port\)\. Check the address/);
  });

  it('is said not to be there when nothing listens', async () => {
    const address = 'http://127.0.0.1:1/items';
    await expect(open({ address })).rejects.toThrow(/127\.0\.0\.1:1\/items can't be read/);
  });
});

const respond = (status: number, body: string, type = 'application/json'): void => {
  answer = (_, response) => response.writeHead(status, { 'content-type': type }).end(body);
};

describe('an answer that is not what it should be', () => {
  it.each([
    [200, '{"id": 1,', 'application/json', /\(application\/json\) is not valid JSON: it begins with "{\\"id\\": 1,"/],
    [200, 'id,name\n1,x', 'text/csv', /\(text\/csv\) is not valid JSON/],
    [200, '<!doctype html><title>Sign in</title>', 'text/html', /a web page, perhaps for signing in/],
    [200, '', 'application/json', /answers with nothing/],
    [200, '{"errorMessages":["The value X does not exist"],"errors":{}}', 'application/json', /answers 200, but with an error: \["The value X does not exist"\]/], // prettier-ignore
    [200, '{"items":[],"error":{"code":17,"message":"quota"}}', 'application/json', /but with an error: .*quota/],
    [200, '{"success":false,"message":"no such list"}', 'application/json', /but with an error: no such list/],
    [200, '{"total":3,"rows":[{}],"meta":{}}', 'application/json', /no array of records\. Its fields are total, rows, meta; arrays are in rows\..*http\.recordsPath/], // prettier-ignore
    [404, '{"error":"no such thing"}', 'application/json', /404 Not Found: no such thing/],
    [401, '', 'application/json', /401 Unauthorized\. Give a token by IMPORT_HTTP_TOKEN/],
  ])('%i %s is named', async (status, body, type, message) => {
    respond(status, body, type);
    await expect(open()).rejects.toThrow(message);
    expect(asked).toHaveLength(1);
  });

  it('says which path leads nowhere', async () => {
    respond(200, '{"data":{"items":{}}}');
    await expect(open({ http: { recordsPath: 'data.items' } })).rejects.toThrow(/no array at data\.items/);
  });
});

describe('a credential', () => {
  const credential = 'very-secret-token';

  it('is shown to the address, as a bearer token or as it is', async () => {
    answer = (_, response) => json(response, []);
    await open({ credential });
    await open({ credential: 'Basic YW5uOnB3' });
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer very-secret-token', 'Basic YW5uOnB3']);
  });

  it.each([301, 302, 307])('does not follow a redirect (%i) to elsewhere, nor does the reading', async (status) => {
    answer = (_, response) => response.writeHead(status, { location: `${elsewhereOrigin}/items` }).end();
    await expect(open({ credential })).rejects.toThrow(`it redirects to ${elsewhereOrigin}, which is not followed`);
    expect(strayed).toHaveLength(0);
  });

  it('follows one within the same server', async () => {
    answer = (_, response, url) => {
      if (url.pathname === '/items') response.writeHead(308, { location: '/items/' }).end();
      else json(response, items(0, 1));
    };
    expect(await all(await open({ credential }))).toHaveLength(1);
    expect(asked[1]?.headers.authorization).toBe('Bearer very-secret-token');
  });

  it('ends a circle of redirects', async () => {
    answer = (_, response) => response.writeHead(302, { location: '/items' }).end();
    await expect(open()).rejects.toThrow(/redirects in a circle/);
  });

  it('is not taken to a next page elsewhere', async () => {
    answer = (_, response) => json(response, items(0, 1), { link: `<${elsewhereOrigin}/items?at=1>; rel=next` });
    await expect(open({ credential }).then(all)).rejects.toThrow(`next page is at ${elsewhereOrigin}`);
    expect(strayed).toHaveLength(0);
  });

  it('stands in no message, also when the server repeats it', async () => {
    answer = (request, response) => response.writeHead(403).end(JSON.stringify({ error: `bad ${request.headers.authorization}` })); // prettier-ignore
    const failure = await open({ credential }).catch((error: unknown) => String(error));
    expect(failure).toMatch(/403 Forbidden: bad Bearer …\. Check the token in IMPORT_HTTP_TOKEN/);
    expect(failure).not.toContain(credential);
  });

  it('does not go over an open wire', () => {
    expect(() => checkAddress('http://shop.example.org/items', credential)).toThrow(/not encrypted/);
    expect(checkAddress('https://shop.example.org/items', credential).host).toBe('shop.example.org');
  });

  it.each([
    'https://ann:pw@shop.example.org/items',
    'https://shop.example.org/items?api_key=abc',
    'https://shop.example.org/items?x=1&access_token=abc',
  ])('is refused in the address itself: %s', (address) => {
    expect(() => checkAddress(address)).toThrow(/carries a secret.*IMPORT_HTTP_TOKEN/);
  });
});
