/** The projections as operators see and steer them. Shared by all workspaces: who may is not for a workspace to say. */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { PageRequest } from '../shared/keyset.js';
import type { ParkedEvent, ParkedFilter } from './parked-event.js';

/** What a projection has not applied yet of the log, measured against the log's own head. */
export interface Lag {
  /** Events that it takes and has not applied. Counted by reading them, so bounded: when not `exact`, at least so many. */
  readonly events: number;
  readonly exact: boolean;
  /** The age of the oldest of them, by its recorded time; 0 when there is none. */
  readonly seconds: number;
}

/** One share of a build's work. */
export interface ShardStatus {
  readonly shard: number;
  /** Undefined before the first event. */
  readonly position: LogPosition | undefined;
  /** Events applied. */
  readonly events: number;
  /** Since its checkpoint last moved. */
  readonly idleSeconds: number;
  /** The worker that has it. */
  readonly owner: string | undefined;
  /** That worker renews its lease. */
  readonly isOwned: boolean;
  /** Of the build that serves: of the whole projection, from where this shard stands. Undefined for other builds. */
  readonly lag: Lag | undefined;
  /** It stopped at an event that it can't apply. */
  readonly stopped: { readonly at: string; readonly position: string | undefined } | undefined;
}

export interface BuildStatus {
  readonly id: string;
  readonly version: number;
  readonly state: 'building' | 'live' | 'retired';
  /** Of its shard that is furthest behind. */
  readonly position: LogPosition | undefined;
  /** Applied, by all shards together. */
  readonly events: number;
  readonly createdAt: string;
  /** When it last began to serve. */
  readonly liveSince: string | undefined;
  readonly shards: readonly ShardStatus[];
}

/**
 * running: workers move it on, or there is nothing to do; paused: an operator said so; stopped: at an event that it can't
 * apply; dead: the log goes on and nobody moves it.
 */
export type ProjectionState = 'running' | 'paused' | 'stopped' | 'dead';

export interface ProjectionStatus {
  readonly name: string;
  readonly state: ProjectionState;
  /** Of the build that serves, as are position and lag: of its shard that is furthest behind. */
  readonly version: number;
  readonly position: LogPosition | undefined;
  readonly lag: Lag;
  /** Events set aside because they can't be applied, and those waiting behind them. */
  readonly parked: number;
  readonly paused: { readonly since: string; readonly by: string } | undefined;
  /** The one that serves, the one under way, and those kept for going back. */
  readonly builds: readonly BuildStatus[];
}

/** How far the build under way is. */
export interface BuildProgress {
  readonly projection: string;
  readonly build: string;
  readonly events: number;
  /** About as many as it will have: those of the build that serves. */
  readonly expected: number;
}

/** What came of a request; undefined while no worker has carried it out. */
export interface RequestOutcome {
  readonly accepted: boolean;
  readonly message: string;
}

/** How it went with parked events that something was asked for: of them, so many are done, failed again, or not settled yet. */
export interface ParkedOutcome extends RequestOutcome {
  readonly asked: number;
  readonly done: number;
  readonly failed: number;
  readonly pending: number;
}

export type ControlKind = 'rebuild' | 'rollback' | 'abort' | 'pause' | 'resume';
export type ParkedKind = 'retry-parked' | 'discard-parked';

export abstract class ProjectionControl {
  /** Every projection by name, measured against the head of the log now. @throws when Postgres or the log can't be reached */
  abstract statuses(): Promise<readonly ProjectionStatus[]>;

  /** The names of all projections. */
  abstract names(): Promise<readonly string[]>;

  /** The builds under way. One small statement: for asking often. */
  abstract progress(): Promise<readonly BuildProgress[]>;

  /**
   * Asks a worker for something, and waits a moment for what comes of it.
   * @param given what the kind takes: `keep` of a rebuild, `to` of a rollback
   * @param requestedBy is kept: `user:<subject>`
   */
  abstract request(
    kind: ControlKind,
    projection: string,
    given: Readonly<Record<string, unknown>>,
    requestedBy: string,
  ): Promise<RequestOutcome | undefined>;

  /** One page of what serving builds have parked, in the order of `parkedOrder` or against it. */
  abstract parked(filter: ParkedFilter, page: PageRequest): Promise<readonly ParkedEvent[]>;

  /**
   * Asks a worker for something to be done with parked events, and waits a moment for how it goes.
   * @param given `at`, the position of one; all that are parked unless given. `because` is kept of one that is discarded
   */
  abstract requestParked(
    kind: ParkedKind,
    projection: string,
    given: { readonly at?: string; readonly because?: string },
    requestedBy: string,
  ): Promise<ParkedOutcome | undefined>;
}
