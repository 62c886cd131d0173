/**
 * Gets one page: waits and tries again where that can help, and says clearly what is wrong where it can't. The credential goes
 * to the one origin that was asked for and nowhere else, and stands in no message.
 */
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { parseExactly } from '../files/json-fields.js';
import { UnreadableSource } from '../files/source-record.js';

export interface FetchLimits {
  /** Requests for one page before it is given up. */
  readonly attempts: number;
  /** For one request, answer and all. */
  readonly timeoutMs: number;
  /** The most that is waited between two requests, whatever the server asks for. */
  readonly maxWaitMs: number;
  /** Before the second request; doubled before each one after it. */
  readonly firstWaitMs: number;
  /** Of an answer, unpacked: it is in memory as a whole, and its values several times as large. */
  readonly maxBytes: number;
}

/** A server that restarts is back within half a minute; who asks for more than two minutes is better asked again later. */
const LIMITS: FetchLimits = {
  attempts: 6,
  timeoutMs: 60_000,
  maxWaitMs: 120_000,
  firstWaitMs: 500,
  maxBytes: 16 * 1_048_576,
};
/** Within the same origin, such as from `/items` to `/items/`. */
const MAX_REDIRECTS = 3;
const TRANSIENT = new Set([408, 425, 429, 500, 502, 503, 504]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Asking again changes nothing. */
const LASTING = new Set(['ENOTFOUND', 'ERR_INVALID_URL', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID']); // prettier-ignore

export interface FetchedPage {
  readonly body: unknown;
  readonly link: string | null;
  readonly bytes: number;
}

type Outcome =
  | FetchedPage
  /** Asking again may help. */
  | { readonly problem: string; readonly waitMs?: number; readonly cause?: unknown };

export class PageFetcher {
  private readonly limits: FetchLimits;
  private readonly secret: string | undefined;

  /**
   * @param origin where all pages are; the credential is sent there
   * @param credential a bearer token, or a whole `Authorization` value such as `Basic …`
   */
  constructor(
    private readonly origin: string,
    credential: string | undefined,
    limits: Partial<FetchLimits> = {},
  ) {
    this.limits = { ...LIMITS, ...limits };
    this.secret = credential;
  }

  /** @throws UnreadableSource with what, where and what to do */
  async get(address: URL): Promise<FetchedPage> {
    const { attempts, firstWaitMs, maxWaitMs } = this.limits;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.ask(address);
      if (!('problem' in outcome)) return outcome;
      const { problem, waitMs, cause } = outcome;
      if (attempt >= attempts) {
        throw this.unreadable(address, `${problem}, ${attempts} times. Run the import again later to go on`, cause);
      }
      if (waitMs !== undefined && waitMs > maxWaitMs) {
        throw this.unreadable(address, `${problem} and asks to wait ${Math.round(waitMs / 1000)} s. Run the import again then to go on`); // prettier-ignore
      }
      const backoff = Math.min(firstWaitMs * 2 ** (attempt - 1), maxWaitMs);
      // Never earlier than asked for, and not all clients at the same moment.
      await delay(waitMs === undefined ? backoff * (0.5 + Math.random() / 2) : waitMs + Math.random() * firstWaitMs);
    }
  }

  private async ask(start: URL): Promise<Outcome> {
    // One deadline over redirects and body.
    const signal = AbortSignal.timeout(this.limits.timeoutMs);
    let address = start;
    try {
      for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
        const response = await fetch(address, { headers: this.headers(), redirect: 'manual', signal });
        if (!REDIRECTS.has(response.status)) return await this.answerOf(start, response);
        await response.body?.cancel();
        address = this.redirected(start, new URL(response.headers.get('location') ?? '', address));
      }
    } catch (cause) {
      if (cause instanceof UnreadableSource) throw cause;
      const reason = reasonOf(cause, this.limits.timeoutMs);
      if (reason.isLasting) throw this.unreadable(start, `${reason.text}. Check the address`, cause);
      return { problem: reason.text, cause };
    }
    throw this.unreadable(start, 'it redirects in a circle. Give the address that it should lead to');
  }

  private headers(): Record<string, string> {
    const authorization = this.secret === undefined ? undefined : / /.test(this.secret) ? this.secret : `Bearer ${this.secret}`; // prettier-ignore
    return { accept: 'application/json', 'user-agent': 'teampulse-import', ...(authorization && { authorization }) };
  }

  private redirected(start: URL, target: URL): URL {
    if (target.origin === this.origin) return target;
    throw this.unreadable(start, `it redirects to ${target.origin}, which is not followed: credentials and data belong to ${this.origin}. If it is right, give that address`); // prettier-ignore
  }

  private async answerOf(address: URL, response: Response): Promise<Outcome> {
    const { status } = response;
    const { text, bytes } = await this.textOf(address, response);
    if (TRANSIENT.has(status)) {
      const waitMs = retryAfter(response.headers.get('retry-after'));
      return { problem: `it answers ${statusText(response)}`, ...(waitMs !== undefined && { waitMs }) };
    }
    if (status === 401 || status === 403) {
      const hint = this.secret === undefined ? 'Give a token by IMPORT_HTTP_TOKEN' : 'Check the token in IMPORT_HTTP_TOKEN'; // prettier-ignore
      throw this.unreadable(address, `it answers ${statusText(response)}${excerptOf(text)}. ${hint}`);
    }
    if (!response.ok) throw this.unreadable(address, `it answers ${statusText(response)}${excerptOf(text)}. Check the address`); // prettier-ignore
    if (status === 204) return { body: [], link: null, bytes };
    const body = parseJson(text);
    if (body === undefined) throw this.unreadable(address, notJson(text, response.headers.get('content-type')));
    const error = errorIn(body);
    if (error !== undefined) throw this.unreadable(address, `it answers ${status}, but with an error${excerpt(error)}`); // prettier-ignore
    return { body, link: response.headers.get('link'), bytes };
  }

  private async textOf(address: URL, response: Response): Promise<{ readonly text: string; readonly bytes: number }> {
    const { maxBytes } = this.limits;
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const body: AsyncIterable<Uint8Array> = response.body ?? Readable.from([]);
    for await (const chunk of body) {
      bytes += chunk.length;
      // Leaving the loop closes the connection.
      if (bytes > maxBytes) throw this.unreadable(address, `a page is larger than ${maxBytes} bytes. Ask for fewer records a page (http.pageSize in the mapping)`); // prettier-ignore
      chunks.push(chunk);
    }
    // Drops a byte order mark.
    return { text: new TextDecoder().decode(Buffer.concat(chunks)), bytes };
  }

  private unreadable(address: URL, what: string, cause?: unknown): UnreadableSource {
    const message = `${shown(address)} can't be read: ${what}.`;
    // Servers like to repeat what they were sent.
    const secrets = this.secret?.split(' ').filter((word) => word.length > 5) ?? [];
    return new UnreadableSource(
      secrets.reduce((text, secret) => text.replaceAll(secret, '…'), message),
      { cause },
    );
  }
}

/** An address as it is told to people: cut, because cursors can be very long. */
export const shown = ({ href }: URL): string => (href.length > 300 ? `${href.slice(0, 300)}…` : href);

/** What a refusing answer says, of pages for people nothing. */
const excerptOf = (text: string): string => excerpt(errorIn(parseJson(text)) ?? (/^\s*</.test(text) ? '' : text));

function excerpt(said: unknown): string {
  const words = (typeof said === 'string' ? said : JSON.stringify(said)).replaceAll(/\s+/g, ' ').trim();
  return words === '' ? '' : `: ${words.slice(0, 200)}`;
}

/** Undefined is no JSON value. */
function parseJson(text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    return undefined;
  }
}

/** What an answer says went wrong, whatever its status: the fields that APIs use for it, where they say anything. */
function errorIn(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const fields = new Map<string, unknown>(Object.entries(body));
  const said = ['errorMessages', 'errors', 'error'].map((name) => fields.get(name)).find(saysSomething);
  if (said !== undefined) return said;
  return fields.get('success') === false || fields.get('ok') === false ? (fields.get('message') ?? body) : undefined;
}

const saysSomething = (value: unknown): boolean =>
  typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);

function notJson(text: string, type: string | null): string {
  if (text.trim() === '') return 'it answers with nothing. Check the address';
  if (/^\s*<(!doctype|html)/i.test(text)) return 'it answers with a web page, perhaps for signing in, not with JSON. Check the address and IMPORT_HTTP_TOKEN'; // prettier-ignore
  return `its answer (${type ?? 'of no type'}) is not valid JSON: it begins with ${JSON.stringify(text.slice(0, 40))}`;
}

/** Seconds, or a date (RFC 9110). In milliseconds; undefined when absent or senseless. */
function retryAfter(header: string | null): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  const waitMs = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}

const statusText = ({ status, statusText: words }: Response): string => `${status}${words === '' ? '' : ` ${words}`}`;

function reasonOf(error: unknown, timeoutMs: number): { readonly text: string; readonly isLasting: boolean } {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return { text: `it gave no whole answer within ${timeoutMs / 1000} s`, isLasting: false };
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ECONNREFUSED') return { text: 'nothing listens there', isLasting: false };
  if (code === 'ENOTFOUND') return { text: 'there is no such host', isLasting: true };
  const text = cause instanceof Error ? cause.message || code : String(cause);
  // Ports that the Fetch Standard keeps requests from: trying again does not help.
  const isLasting = LASTING.has(code) || text === 'bad port';
  return { text: `the connection failed (${text})`, isLasting };
}
