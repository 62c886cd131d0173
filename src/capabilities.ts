/** What the capabilities bring, in one list each: event types and projections. A new capability is added here, and to command-handlers.ts. */
/** Every event type there is: what the codec knows. */
export { eventCatalogue as allEvents } from './domain/event-catalogue.js';
import { attendanceProjections } from './projections/attendance/attendance.projections.js';
import { auditProjections } from './projections/audit/audit.projections.js';
import type { Projection } from './projections/engine/projection.js';
import { salesProjections } from './projections/sales/sales.projections.js';
import { syncProjections } from './projections/sync/sync.projections.js';
import { workProjections } from './projections/work/work.projections.js';
import { workspacesProjections } from './projections/workspaces/workspaces.projections.js';

export const allProjections: readonly Projection[] = [
  ...workspacesProjections,
  ...workProjections,
  ...salesProjections,
  ...attendanceProjections,
  ...syncProjections,
  ...auditProjections,
];
