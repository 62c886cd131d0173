/** Takes a task off one assignee. */
import { z } from 'zod';
import type { TaskState } from '../../domain/work/task.state.js';
import { WorkspaceCommand } from '../shared/command.js';

export const unassignTaskInput = z.object({
  taskId: z.uuid(),
  assigneeId: z.uuid(),
  expectedVersion: z.int().min(0).optional(),
});

export class UnassignTask extends WorkspaceCommand<z.input<typeof unassignTaskInput>, TaskState> {}
