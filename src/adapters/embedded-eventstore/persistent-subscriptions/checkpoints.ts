/** Up to where a group is done, kept in a stream of its own, from which a restarted group goes on. */
import type { StoreLog } from '../store-log.js';
import { NO_REVISION } from '../stored-event.js';
import { formatPlace, parsePlace, subscriptionId, type GroupDefinition } from './group-definition.js';
import type { OwnStreams } from './own-streams.js';

/** Everything up to `place` is done, which is everything up to this count of what the group has taken from its source. */
export interface Progress {
  readonly place: number;
  readonly sequence: number;
}

export const checkpointStream = (group: Pick<GroupDefinition, 'stream' | 'group'>): string =>
  `$persistentsubscription-${subscriptionId(group)}-checkpoint`;

export class Checkpoints {
  /** The last place that is on disk. */
  written: number | undefined;
  readonly #stream: string;
  #sequence = 0;
  #writtenAt = 0;
  #busy = false;
  #writing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    private readonly definition: GroupDefinition,
    private readonly own: OwnStreams,
    private readonly log: StoreLog,
  ) {
    this.#stream = checkpointStream(definition);
  }

  /** Where the group had come to; undefined before its first checkpoint. */
  async load(): Promise<number | undefined> {
    const event = await this.own.newest(this.#stream);
    if (!event) return undefined;
    // A JSON string. Whatever else somebody wrote there is no checkpoint.
    const [, text = ''] = /^"(.*)"$/.exec(Buffer.from(event.data).toString('utf8')) ?? [];
    this.written = parsePlace(text);
    if (this.written === undefined) this.log.warn({ stream: this.#stream }, 'no checkpoint can be read there');
    return this.written;
  }

  /** Writes no more. Resolves when a checkpoint that is under way is written. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#writing;
  }

  /** Writes a checkpoint if one is due: by count, or, `onTick`, by time. */
  consider(progress: () => Progress, taken: number, onTick: boolean): void {
    const { maxCheckpointCount, minCheckpointCount, checkpointAfterMs } = this.definition.settings;
    // At most `taken` are done: the cheap question first.
    const most = taken - this.#sequence;
    if (this.#busy || this.#closed || most <= 0) return;
    const byTime = onTick && checkpointAfterMs > 0 && Date.now() - this.#writtenAt >= checkpointAfterMs;
    const enough = byTime ? Math.min(minCheckpointCount, maxCheckpointCount) : maxCheckpointCount;
    if (most < enough) return;
    const { place, sequence } = progress();
    const done = sequence - this.#sequence;
    if (done > 0 && done >= enough) this.#writing = this.#write(place, sequence);
  }

  async #write(place: number, sequence: number): Promise<void> {
    this.#busy = true;
    try {
      // A real node keeps two as well: one more than anybody needs.
      const state = await this.own.state(this.#stream);
      if (state.last === NO_REVISION) await this.own.setMetadata(this.#stream, { $maxCount: 2 });
      await this.own.append(this.#stream, {
        type: '$SubscriptionCheckpoint',
        isJson: true,
        data: Buffer.from(JSON.stringify(formatPlace(this.definition.stream, place))),
        metadata: Buffer.alloc(0),
      });
      this.written = place;
      this.#sequence = sequence;
      this.#writtenAt = Date.now();
    } catch (error) {
      // What was done stays due, so the next tick tries again.
      this.log.warn({ err: error, stream: this.#stream }, 'a checkpoint of a persistent subscription was not written');
    } finally {
      this.#busy = false;
    }
  }
}
