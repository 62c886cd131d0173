/** Which types of event each kind of thing has: a kind is searched for by its types, which the index has in order. */
import { employeeEvents } from '../../domain/attendance/employee.events.js';
import { attendanceDayEvents } from '../../domain/attendance/attendance-day.events.js';
import { unitEvents, unitReportEvents } from '../../domain/attendance/unit-report.events.js';
import { auditExportEvents } from '../../domain/audit/audit-export.events.js';
import { saleEvents } from '../../domain/sales/sale.events.js';
import type { EventDefinition } from '../../domain/shared/event.js';
import { integrationEvents } from '../../domain/sync/integration.events.js';
import { syncRunEvents } from '../../domain/sync/sync-run.events.js';
import { labelEvents } from '../../domain/work/label.events.js';
import { projectEvents } from '../../domain/work/project.events.js';
import { taskEvents } from '../../domain/work/task.events.js';
import { memberEvents } from '../../domain/workspaces/member.events.js';
import { workspaceEvents } from '../../domain/workspaces/workspace.events.js';

const definitions: Readonly<Record<string, readonly EventDefinition[]>> = {
  workspace: workspaceEvents,
  member: memberEvents,
  project: projectEvents,
  label: labelEvents,
  task: taskEvents,
  sale: saleEvents,
  employee: employeeEvents,
  attendance: attendanceDayEvents,
  unit: unitEvents,
  'unit-report': unitReportEvents,
  integration: integrationEvents,
  'sync-run': syncRunEvents,
  'audit-export': auditExportEvents,
};

const types = new Map(
  Object.entries(definitions).map(([category, events]) => [category, events.map(({ type }) => type)]),
);

/** None for a kind that does not exist. */
export const typesOfCategory = (category: string): readonly string[] => types.get(category) ?? [];

export const eventCategories: readonly string[] = [...types.keys()];
