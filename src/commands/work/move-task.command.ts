/**
 * Puts a task at a place of the board: behind one task, in front of another, between both, or at the end of a column.
 * With only `afterTaskId` it goes to the end behind it, with only `beforeTaskId` to the very front: a client that means
 * "directly behind" names both neighbours.
 */
import { z } from 'zod';
import type { TaskState } from '../../domain/work/task.state.js';
import { WorkspaceCommand } from '../shared/command.js';

export const moveTaskInput = z
  .object({
    taskId: z.uuid(),
    afterTaskId: z.uuid().nullish(),
    beforeTaskId: z.uuid().nullish(),
    /** The column, by a step's name or a canonical status; the task's own unless told. */
    status: z.string().min(1).max(100).nullish(),
    expectedVersion: z.int().min(0).optional(),
  })
  .refine(({ afterTaskId, beforeTaskId, status }) => afterTaskId ?? beforeTaskId ?? status, {
    error: 'say where: afterTaskId, beforeTaskId or status',
  });

export class MoveTask extends WorkspaceCommand<z.input<typeof moveTaskInput>, TaskState> {}
