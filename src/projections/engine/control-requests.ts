/**
 * What operators ask of the engine, through one table: the command line and the API write a row, any worker carries it out,
 * and the row keeps who asked, when, and what came of it.
 *
 *   open ──a worker carries it out──► done, with its outcome: accepted, or refused with the reason
 *
 * What a request does and its outcome are committed together, so that it is done once, whichever worker dies when.
 */
import { z } from 'zod';
import { DatabaseError, type TextRow, type WriteDatabase, type WriteSession } from '../ports/write-database.port.js';

export interface ControlRequest {
  readonly id: string;
  /** Such as `rebuild`; see `requestHandlers`. */
  readonly kind: string;
  readonly projection: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** `cli:<user>` or `user:<subject>`. */
  readonly requestedBy: string;
}

/** What came of it. What else is in it is the kind's own: a rebuild's says which `build` to watch. */
export interface Outcome {
  readonly accepted: boolean;
  /** For people: what was done, or why not and what to do. */
  readonly message: string;
  readonly [detail: string]: unknown;
}

/**
 * Carries a request out within the session's transaction. Short: what takes long is left for workers to find, as builds are.
 * What it throws is the request's outcome as well, and nothing of what it did remains.
 */
export type RequestHandler = (session: WriteSession, request: ControlRequest) => Promise<Outcome>;

export const accepted = (message: string, details: object = {}): Outcome => ({ ...details, accepted: true, message });
export const refused = (message: string): Outcome => ({ accepted: false, message });

const outcomeSchema = z.looseObject({ accepted: z.boolean(), message: z.string() });
const argumentsSchema = z.record(z.string(), z.unknown());

/** At a time, so that a worker with thousands of them still looks after its builds. */
const MOST_AT_ONCE = 100;
/** "ctrl" in ASCII. */
const LOCK = 0x6374_726c;

/** Asks for several at once: a worker finds all of them together. @returns their ids, in the same order */
export async function submitRequests(
  database: Pick<WriteDatabase, 'query'>,
  requests: readonly Omit<ControlRequest, 'id'>[],
): Promise<readonly string[]> {
  const rows = await database.query({
    text: `INSERT INTO control.requests (kind, projection, arguments, requested_by)
      SELECT r->>'kind', r->>'projection', r->'arguments', r->>'requestedBy' FROM jsonb_array_elements($1::jsonb) AS r
      RETURNING id`,
    values: [JSON.stringify(requests)],
  });
  return rows.map(([id]) => id ?? '');
}

/** Of each request that is done, what came of it. */
export async function outcomesOf(
  database: Pick<WriteDatabase, 'query'>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Outcome>> {
  const rows = await database.query({
    text: 'SELECT id, outcome FROM control.requests WHERE id = ANY($1::bigint[]) AND done_at IS NOT NULL',
    values: [`{${ids.join(',')}}`],
  });
  return new Map(rows.map(([id, outcome]) => [id ?? '', outcomeSchema.parse(JSON.parse(outcome ?? ''))]));
}

/** Carries out what is open and of a kind that this worker knows; others are left for those who do. */
export async function runRequests(
  database: WriteDatabase,
  handlers: Readonly<Record<string, RequestHandler>>,
): Promise<void> {
  const kinds = `{${Object.keys(handlers).join(',')}}`;
  const open = await database.query({
    text: 'SELECT FROM control.requests WHERE done_at IS NULL AND kind = ANY($1::text[]) LIMIT 1',
    values: [kinds],
  });
  if (open.length === 0) return;
  for (let i = 0; i < MOST_AT_ONCE; i++) if (!(await runOne(database, handlers, kinds))) return;
}

/** @returns false when there is none, or another worker is at it and will find this one as well */
async function runOne(
  database: WriteDatabase,
  handlers: Readonly<Record<string, RequestHandler>>,
  kinds: string,
): Promise<boolean> {
  let request: ControlRequest | undefined;
  try {
    return await database.transaction(async (session) => {
      // One worker at a time, or a resume might overtake the pause before it.
      const [mine] = await session.query({ text: `SELECT pg_try_advisory_xact_lock(${LOCK})` });
      if (mine?.[0] !== 't') return false;
      const [row] = await session.query({
        text: `SELECT id, kind, projection, arguments, requested_by FROM control.requests
          WHERE done_at IS NULL AND kind = ANY($1::text[]) ORDER BY id LIMIT 1`,
        values: [kinds],
      });
      if (!row) return false;
      request = requestOf(row);
      const handler = handlers[request.kind];
      if (!handler) return false;
      await finish(session, request.id, await handler(session, request));
      return true;
    });
  } catch (error) {
    if (!request || (error instanceof DatabaseError && error.transient)) throw error;
    // It would fail each time, and all behind it would wait.
    const message = error instanceof Error ? error.message : String(error);
    await finish(database, request.id, refused(`it failed: ${message}`));
    return true;
  }
}

async function finish(session: WriteSession, id: string, outcome: Outcome): Promise<void> {
  await session.query({
    text: 'UPDATE control.requests SET done_at = now(), outcome = $2::jsonb WHERE id = $1 AND done_at IS NULL',
    values: [id, JSON.stringify(outcome)],
  });
  // The other workers looked before this was done, and may have to act on it.
  await session.query({ text: "SELECT pg_notify('projection_control', 'done')" });
}

function requestOf([id, kind, projection, given, requestedBy]: TextRow): ControlRequest {
  return {
    id: id ?? '',
    kind: kind ?? '',
    projection: projection ?? '',
    arguments: argumentsSchema.parse(JSON.parse(given ?? '')),
    requestedBy: requestedBy ?? '',
  };
}
