/** What connectors have in common: records in, units of work out, each a few commands on one thing. */
import { createHash } from 'node:crypto';
import type { CommandContext, CommandResult, WorkspaceCommand } from '../../../commands/shared/command.js';
import { deriveId } from '../../../domain/shared/ids.js';
import { Rejection } from '../../../domain/shared/rejection.js';
import type { RejectedRecord } from '../../../domain/sync/sync-run.events.js';
import type { RecordSource, SourceRecord } from '../files/source-record.js';

/** Sends a command and gives its result; the command bus of whoever runs the import. */
export type Send = <State>(command: WorkspaceCommand<unknown, State>) => Promise<CommandResult<State>>;

/** What was written in all, or why the record was refused. */
export type Performed = { readonly written: number } | Rejection;

/** Some records and what they lead to. Doing it twice is harmless. */
export interface WorkUnit {
  /** Units with the same key are done one after the other, in the order they came. */
  readonly key: string;
  /** How many records of the source it stands for. */
  readonly records: number;
  /** Where the first of them stands. */
  readonly source: string;
  readonly line: number;
  readonly perform: (send: Send) => Promise<Performed>;
}

/** Where a translator puts what it made of a record: each record ends in exactly one unit, one reject, or is left out. */
export interface Sink {
  unit(unit: WorkUnit): void;
  reject(record: RejectedRecord): void;
  /** Left out by the mapping's own rule. */
  leaveOut(): void;
}

/** Turns records into work. Called from one place, in the order of the source. Keeps a bounded amount of records back. */
export interface Translator {
  /** The records of this source follow. @throws UnreadableSource when the mapping does not fit it */
  begin(source: RecordSource): void;
  add(record: SourceRecord, sink: Sink): void;
  /** No more records in this source. */
  end(sink: Sink): void;
  /** No more sources. */
  finish?(sink: Sink): void;
}

/** In whose name, and where to, an import writes. */
export class ImportContext {
  constructor(
    readonly workspaceId: string,
    /** The workspace's zone, which wall clocks of the source are in. */
    readonly timeZone: string,
    readonly integrationId: string,
    readonly runId: string,
    /** The namespace of imported ids. */
    readonly source: string,
  ) {}

  /**
   * The context of a command whose id is derived from what it is about, so that it is done once however often it is sent.
   * @param occurredAt business time
   * @param about what makes this command another than all others of this source
   */
  of(occurredAt: string | undefined, ...about: readonly (string | number)[]): CommandContext {
    return {
      workspaceId: this.workspaceId,
      actor: { kind: 'integration', id: this.integrationId },
      commandId: deriveId('import', this.workspaceId, this.source, ...about),
      correlationId: this.runId,
      causationId: this.runId,
      ...(occurredAt !== undefined && { occurredAt }),
      source: { runId: this.runId },
    };
  }
}

/**
 * Whether this command of the source is an old one, and the source has said something else since: what it says now must be
 * told anew. What people changed since stands for as long as the source says the same.
 */
export const saidOtherwiseSince = (result: CommandResult<unknown>, { integrationId }: ImportContext): boolean => {
  if (result instanceof Rejection) return false;
  const actor = result.repeated?.changedSinceBy;
  return actor?.kind === 'integration' && actor.id === integrationId;
};

/** Sends what the source says now, also when it said the same once and something else in between. @param about as of `ImportContext.of` */
export async function tell<State>(
  send: Send,
  context: ImportContext,
  make: (context: CommandContext) => WorkspaceCommand<unknown, State>,
  occurredAt: string | undefined,
  ...about: readonly (string | number)[]
): Promise<CommandResult<State>> {
  const result = await send(make(context.of(occurredAt, ...about)));
  if (!saidOtherwiseSince(result, context)) return result;
  return send(make(context.of(undefined, ...about, context.runId)));
}

/** A short fingerprint of content, to derive command ids from. */
export const fingerprint = (content: unknown): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('base64url');

/** A record as the log keeps it when it is refused; values are cut to what an event may hold. */
export const rejected = (
  source: string,
  line: number,
  column: string | null,
  value: string | null,
  reason: string,
): RejectedRecord => ({
  source: source.slice(-500),
  line,
  column,
  value: value === null ? null : value.slice(0, 200),
  reason: reason.slice(0, 1_000),
});
