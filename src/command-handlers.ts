/** The command handlers of all capabilities. Apart from capabilities.ts: they need Nest, which a worker has no use for and loads slowly. */
import { attendanceHandlers } from './commands/attendance/attendance.handlers.js';
import { auditHandlers } from './commands/audit/audit.handlers.js';
import { salesHandlers } from './commands/sales/sales.handlers.js';
import { syncHandlers } from './commands/sync/sync.handlers.js';
import { workHandlers } from './commands/work/work.handlers.js';
import { workspacesHandlers } from './commands/workspaces/workspaces.handlers.js';

/** Nest providers: the handlers, and what they share inside their capability. */
export const allHandlers = [
  ...workspacesHandlers,
  ...workHandlers,
  ...salesHandlers,
  ...attendanceHandlers,
  ...syncHandlers,
  ...auditHandlers,
];
