/** Says who works on a task, and takes it off everybody else. */
import { z } from 'zod';
import { MAX_ASSIGNEES } from '../../domain/work/task.decider.js';
import type { TaskState } from '../../domain/work/task.state.js';
import { WorkspaceCommand } from '../shared/command.js';

export const setTaskAssigneesInput = z.object({
  taskId: z.uuid(),
  assigneeIds: z.array(z.uuid()).max(MAX_ASSIGNEES),
  expectedVersion: z.int().min(0).optional(),
});

export class SetTaskAssignees extends WorkspaceCommand<z.input<typeof setTaskAssigneesInput>, TaskState> {}
