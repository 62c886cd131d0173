/** What the capabilities bring, in one list each: event types, command handlers, projections. A new capability is added here. */
import { attendanceHandlers } from './commands/attendance/attendance.handlers.js';
import { salesHandlers } from './commands/sales/sales.handlers.js';
import { syncHandlers } from './commands/sync/sync.handlers.js';
import { workHandlers } from './commands/work/work.handlers.js';
import { workspacesHandlers } from './commands/workspaces/workspaces.handlers.js';
import { attendanceDayEvents } from './domain/attendance/attendance-day.events.js';
import { employeeEvents } from './domain/attendance/employee.events.js';
import { unitEvents, unitReportEvents } from './domain/attendance/unit-report.events.js';
import { saleEvents } from './domain/sales/sale.events.js';
import type { EventDefinition } from './domain/shared/event.js';
import { integrationEvents } from './domain/sync/integration.events.js';
import { syncRunEvents } from './domain/sync/sync-run.events.js';
import { labelEvents } from './domain/work/label.events.js';
import { projectEvents } from './domain/work/project.events.js';
import { taskEvents } from './domain/work/task.events.js';
import { memberEvents } from './domain/workspaces/member.events.js';
import { workspaceEvents } from './domain/workspaces/workspace.events.js';
import { attendanceProjections } from './projections/attendance/attendance.projections.js';
import { auditProjections } from './projections/audit/audit.projections.js';
import type { Projection } from './projections/engine/projection.js';
import { salesProjections } from './projections/sales/sales.projections.js';
import { syncProjections } from './projections/sync/sync.projections.js';
import { workProjections } from './projections/work/work.projections.js';
import { workspacesProjections } from './projections/workspaces/workspaces.projections.js';

/** Every event type there is: what the codec knows. */
export const allEvents: readonly EventDefinition[] = [
  ...workspaceEvents,
  ...memberEvents,
  ...projectEvents,
  ...labelEvents,
  ...taskEvents,
  ...saleEvents,
  ...employeeEvents,
  ...attendanceDayEvents,
  ...unitEvents,
  ...unitReportEvents,
  ...integrationEvents,
  ...syncRunEvents,
];

/** Nest providers: the command handlers, and what they share inside their capability. */
export const allHandlers = [
  ...workspacesHandlers,
  ...workHandlers,
  ...salesHandlers,
  ...attendanceHandlers,
  ...syncHandlers,
];

export const allProjections: readonly Projection[] = [
  ...workspacesProjections,
  ...workProjections,
  ...salesProjections,
  ...attendanceProjections,
  ...syncProjections,
  ...auditProjections,
];
