/** Deletes a task: only who created it may, or a manager. It can be restored. */
import { z } from 'zod';
import type { TaskState } from '../../domain/work/task.state.js';
import { WorkspaceCommand } from '../shared/command.js';

export const deleteTaskInput = z.object({
  taskId: z.uuid(),
  /** Set by the edge from the role of who asks, never from the client's input. */
  ofOthers: z.boolean().default(false),
  expectedVersion: z.int().min(0).optional(),
});

export class DeleteTask extends WorkspaceCommand<z.input<typeof deleteTaskInput>, TaskState> {}
