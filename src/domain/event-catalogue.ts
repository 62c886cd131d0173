/** Every event type there is. What is not in here can't be written, and is malformed when read. */
import { auditExportEvents } from './audit/audit-export.events.js';
import { employeeEvents } from './attendance/employee.events.js';
import { attendanceDayEvents } from './attendance/attendance-day.events.js';
import { unitEvents, unitReportEvents } from './attendance/unit-report.events.js';
import { saleEvents } from './sales/sale.events.js';
import type { EventDefinition } from './shared/event.js';
import { integrationEvents } from './sync/integration.events.js';
import { syncRunEvents } from './sync/sync-run.events.js';
import { labelEvents } from './work/label.events.js';
import { projectEvents } from './work/project.events.js';
import { taskEvents } from './work/task.events.js';
import { memberEvents } from './workspaces/member.events.js';
import { workspaceEvents } from './workspaces/workspace.events.js';

export const eventCatalogue: readonly EventDefinition[] = [
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
  ...auditExportEvents,
];
