/** What an import is asked to do, and what it needs of whoever runs it. */
import type { RegisterIntegrationInput } from '../../../commands/sync/register-integration.command.js';
import type { RejectedRecord, RunCounts } from '../../../domain/sync/sync-run.events.js';
import type { RecordSource } from '../files/source-record.js';
import type { PlaceInPages } from '../http/http-pages.js';
import type { Mapping } from '../mapping/mapping.js';
import type { Send } from '../translate/translator.js';

export interface ImportRequest {
  readonly workspaceId: string;
  readonly timeZone: string;
  readonly mapping: Mapping;
  /** What it is registered as. `key`: what makes it another than the workspace's others. */
  readonly integration: {
    readonly kind: RegisterIntegrationInput['kind'];
    readonly key: readonly string[];
    readonly name: string;
    /** Without secrets. */
    readonly config: NonNullable<RegisterIntegrationInput['config']>;
  };
  /** Opened when their turn comes. */
  readonly sources: readonly {
    readonly name: string;
    /** Of the whole content of a file; null of an address, whose content is only known once it was read. */
    readonly fingerprint: string | null;
    /** @param from where to go on, of an address */
    readonly open: (from?: PlaceInPages) => Promise<RecordSource>;
  }[];
}

export interface ImportPorts {
  readonly send: Send;
  readonly hasRun: (runId: string) => Promise<boolean>;
  /** The rejects that a run keeps already, in order. */
  readonly keptRejects: (runId: string) => Promise<readonly RejectedRecord[]>;
  /** Rejected records as they are kept, each once, also those of an earlier, killed process of the same run. */
  readonly onRejects: (records: readonly RejectedRecord[]) => void;
  readonly onProgress: (progress: ImportProgress) => void;
}

export interface ImportProgress {
  /** Of all sources, source records. */
  readonly records: number;
  readonly counts: RunCounts;
  readonly source: RecordSource;
}
