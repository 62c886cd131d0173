/** Records that somebody has taken events out of the log for an audit. Sent by `teampulse audit export`. */
import { z } from 'zod';
import type { AuditExportState } from '../../domain/audit/audit-export.decider.js';
import { exportFactsSchema } from '../../domain/audit/audit-export.events.js';
import { WorkspaceCommand } from '../shared/command.js';

export const recordExportInput = z.object({ exportId: z.uuid(), facts: exportFactsSchema });
export type RecordExportInput = z.input<typeof recordExportInput>;

export class RecordExport extends WorkspaceCommand<RecordExportInput, AuditExportState> {}
