/**
 * How far the log once went, noted beside it: positions count without holes, so a hole shows by itself, but events cut off the
 * log's end leave none. The note is written every few seconds of appends and when the server stops, and stands still once it
 * is no longer true, so that a log which went on behind a loss doesn't hide it.
 */
import type { ClientBase } from 'pg';

/** One more statement in this time; what was appended since can be cut off unseen. */
export const NOTE_EVERY_MS = 10_000;

/** Moves the note to the log's last event, if what it says still stands. */
export async function noteReached(client: ClientBase): Promise<void> {
  await client.query({
    name: 'note-reached',
    text: `INSERT INTO eventstore.reached (position, id)
           SELECT position, id FROM eventstore.event ORDER BY position DESC LIMIT 1
               ON CONFLICT (one) DO UPDATE SET position = excluded.position, id = excluded.id
            WHERE reached.position < excluded.position
              AND EXISTS (SELECT FROM eventstore.event WHERE event.position = reached.position AND event.id = reached.id)`,
  });
}

/** What is wrong with the log's end, in words; undefined when nothing is. */
export async function lostEnd(client: ClientBase): Promise<{ position: number; message: string } | undefined> {
  const { rows } = await client.query<{ position: string; id: string; there: string | null }>(
    `SELECT position, id, (SELECT id FROM eventstore.event WHERE event.position = reached.position) AS there FROM eventstore.reached`,
  );
  const [note] = rows;
  if (!note || note.there === note.id) return undefined;
  const position = Number(note.position);
  const message =
    note.there === null
      ? `the log went up to position ${position}, event ${note.id}, and that is not there any more: its end was cut off`
      : `position ${position} was event ${note.id} and is another one now: the log's end was cut off, and it went on from there`;
  return { position, message };
}
