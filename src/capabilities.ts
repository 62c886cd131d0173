/** What the capabilities bring, in one list each: event types, command handlers, projections. A new capability is added here. */
import { attendanceHandlers } from './commands/attendance/attendance.handlers.js';
import { auditHandlers } from './commands/audit/audit.handlers.js';
import { salesHandlers } from './commands/sales/sales.handlers.js';
import { syncHandlers } from './commands/sync/sync.handlers.js';
import { workHandlers } from './commands/work/work.handlers.js';
import { workspacesHandlers } from './commands/workspaces/workspaces.handlers.js';
/** Every event type there is: what the codec knows. */
export { eventCatalogue as allEvents } from './domain/event-catalogue.js';
import { attendanceProjections } from './projections/attendance/attendance.projections.js';
import { auditProjections } from './projections/audit/audit.projections.js';
import type { Projection } from './projections/engine/projection.js';
import { salesProjections } from './projections/sales/sales.projections.js';
import { syncProjections } from './projections/sync/sync.projections.js';
import { workProjections } from './projections/work/work.projections.js';
import { workspacesProjections } from './projections/workspaces/workspaces.projections.js';

/** Nest providers: the command handlers, and what they share inside their capability. */
export const allHandlers = [
  ...workspacesHandlers,
  ...workHandlers,
  ...salesHandlers,
  ...attendanceHandlers,
  ...syncHandlers,
  ...auditHandlers,
];

export const allProjections: readonly Projection[] = [
  ...workspacesProjections,
  ...workProjections,
  ...salesProjections,
  ...attendanceProjections,
  ...syncProjections,
  ...auditProjections,
];
