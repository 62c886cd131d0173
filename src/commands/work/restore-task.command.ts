/** Brings a deleted task back as it was. */
import { z } from 'zod';
import type { TaskState } from '../../domain/work/task.state.js';
import { WorkspaceCommand } from '../shared/command.js';

export const restoreTaskInput = z.object({
  taskId: z.uuid(),

  expectedVersion: z.int().min(0).optional(),
});

export class RestoreTask extends WorkspaceCommand<z.input<typeof restoreTaskInput>, TaskState> {}
