/**
 * For handlers that take the process with them (process.exit, out of memory, a loop without end): nothing in the process can
 * tell of it afterwards, so what is tried is written down before.
 *
 * That would cost a commit per event, so it is done only when there is reason to: starts are counted, and the count goes back
 * to zero with the first commit. A runner that finds that others before it neither committed nor ended in good order is
 * careful: for about two batches it applies one event at a time, each written down first. An event that was tried too often
 * is not tried again.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { comparePositions } from '../../domain/shared/position.js';
import type { WriteDatabase } from '../ports/write-database.port.js';
import type { ShareId } from './build-registry.js';

/** A batch that killed the process had no more; the next one may have been folded meanwhile. */
const CAREFUL_EVENTS = 1_024;
/** At a runner's end, when Postgres may just have cut its connections. A start that stays counted costs the next one time. */
const END_ATTEMPTS = 4;

export class CarefulMode {
  readonly #run = randomUUID();
  #left = 0;
  /** This runner's start is not taken back yet. */
  #counted = false;
  /** An event was begun, and is neither applied nor parked. */
  #isTrying = false;

  constructor(
    private readonly database: WriteDatabase,
    private readonly share: ShareId,
  ) {}

  get isOn(): boolean {
    return this.#left > 0;
  }

  /** Counts this start. @param position where the build stands */
  async start(position: LogPosition | undefined): Promise<void> {
    // Also when the answer is lost: what was not counted is not taken back.
    this.#counted = true;
    const [row] = await this.database.query({
      text: `INSERT INTO control.attempts AS a (build_id, shard, starts, run) VALUES ($1, $2, 1, $3)
        ON CONFLICT (build_id, shard) DO UPDATE SET run = $3, starts = a.starts + CASE WHEN a.run = $3 THEN 0 ELSE 1 END
        RETURNING starts, commit_position, prepare_position`,
      values: [this.share.buildId, this.share.shard, this.#run],
    });
    const [starts, commit, prepare] = row ?? [];
    const tried = commit === '-1' ? undefined : { commit: BigInt(commit ?? 0), prepare: BigInt(prepare ?? 0) };
    // The event that was tried last is not behind us: it may be the one.
    const isUnresolved = tried && (!position || comparePositions(tried, position) > 0);
    if (Number(starts) > 1 || isUnresolved) this.#left = CAREFUL_EVENTS;
  }

  /** Before an event is applied by itself. @returns how often it was tried before, in processes that are gone by now */
  async begin({ commit, prepare }: LogPosition, most: number): Promise<number> {
    this.#left--;
    this.#isTrying = true;
    return this.database.transaction(async (session) => {
      // The machine may go down with it.
      await session.query({ text: 'SET LOCAL synchronous_commit = on' });
      const [row] = await session.query({
        text: `UPDATE control.attempts a SET commit_position = $3, prepare_position = $4,
            attempts = CASE WHEN a.commit_position = $3 AND a.prepare_position = $4 THEN least(a.attempts + 1, $5::int + 1) ELSE 1 END
          WHERE build_id = $1 AND shard = $2 RETURNING attempts`,
        values: [this.share.buildId, this.share.shard, String(commit), String(prepare), most],
      });
      return Number(row?.[0] ?? 1) - 1;
    });
  }

  /** Something was committed. */
  async progressed(): Promise<void> {
    this.#isTrying = false;
    if (!this.#counted) return;
    this.#counted = false;
    await this.#change('starts = 0');
  }

  /** The runner ends in good order, and so nothing is to be learnt from its start, nor from what it had begun. */
  async end(): Promise<void> {
    const changes = ['run = NULL'];
    if (this.#counted) changes.push('starts = greatest(starts - 1, 0)');
    if (this.#isTrying) changes.push('attempts = greatest(attempts - 1, 0)');
    if (changes.length === 1) return;
    for (let attempt = 1; attempt <= END_ATTEMPTS; attempt++) {
      try {
        return await this.#change(changes.join(', '));
      } catch {
        await delay(20 * attempt);
      }
    }
  }

  async #change(change: string): Promise<void> {
    await this.database.query({
      text: `UPDATE control.attempts SET ${change} WHERE build_id = $1 AND shard = $2 AND run = $3`,
      values: [this.share.buildId, this.share.shard, this.#run],
    });
  }
}
