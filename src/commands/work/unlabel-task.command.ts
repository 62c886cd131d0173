/** Takes a label off a task. */
import { z } from 'zod';
import type { TaskState } from '../../domain/work/task.state.js';
import { WorkspaceCommand } from '../shared/command.js';

export const unlabelTaskInput = z.object({
  taskId: z.uuid(),
  labelId: z.uuid(),
  expectedVersion: z.int().min(0).optional(),
});

export class UnlabelTask extends WorkspaceCommand<z.input<typeof unlabelTaskInput>, TaskState> {}
