/** What the engine tells whoever runs it; the composition root writes it to the log. No personal data. */
import type { LogPosition } from '../../domain/shared/recorded-event.js';

interface About {
  readonly projection: string;
  readonly build: string;
}

export type EngineNotice =
  | (About & { readonly kind: 'started'; readonly position: LogPosition | undefined })
  /** A batch was committed, so many seconds after its first statement. */
  | (About & { readonly kind: 'applied'; readonly events: number; readonly seconds: number })
  /** Indexes are made, nothing is left to read. */
  | (About & { readonly kind: 'caughtUp'; readonly position: LogPosition | undefined })
  /** The build serves now. */
  | (About & { readonly kind: 'switched' })
  /** An event can't be applied; the projection stays there until someone acts. */
  | (About & { readonly kind: 'stopped'; readonly position: LogPosition | undefined; readonly reason: string })
  /** An event can't be applied; it and those of its stream or row wait for someone to act, everything else goes on. */
  | (About & {
      readonly kind: 'parked';
      readonly position: LogPosition;
      readonly type: string;
      readonly eventId: string;
      readonly reason: string;
      readonly attempts: number;
    })
  /** Somebody else moved its checkpoint. */
  | (About & { readonly kind: 'lost' })
  /** Postgres is away; tried again. */
  | (About & { readonly kind: 'waiting'; readonly error: Error })
  /** It can't keep up with the others, and reads on its own until it has. */
  | (About & { readonly kind: 'detached' })
  /** The log or the control schema can't be reached; tried again. */
  | { readonly kind: 'trouble'; readonly error: Error };

/** Something that is tried again, as whoever runs the engine is told of it. */
export const trouble = (error: unknown): EngineNotice => ({
  kind: 'trouble',
  error: error instanceof Error ? error : new Error(String(error)),
});
