/** Assigns a task to one more member. */
import { z } from 'zod';
import type { TaskState } from '../../domain/work/task.state.js';
import { WorkspaceCommand } from '../shared/command.js';

export const assignTaskInput = z.object({
  taskId: z.uuid(),
  assigneeId: z.uuid(),
  expectedVersion: z.int().min(0).optional(),
});

export class AssignTask extends WorkspaceCommand<z.input<typeof assignTaskInput>, TaskState> {}
