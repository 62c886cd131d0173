/** Takes a task to another step of its project's workflow, at the end of that column. */
import { z } from 'zod';
import type { TaskState } from '../../domain/work/task.state.js';
import { WorkspaceCommand } from '../shared/command.js';

export const changeTaskStatusInput = z.object({
  taskId: z.uuid(),
  /** A step's name or a canonical status. */
  status: z.string().min(1).max(100),
  expectedVersion: z.int().min(0).optional(),
});

export class ChangeTaskStatus extends WorkspaceCommand<z.input<typeof changeTaskStatusInput>, TaskState> {}
