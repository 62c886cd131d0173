/** Changes a task's details; fields left out stay. A change of another field that came in between is kept, unless `expectedVersion` is sent. */
import { z } from 'zod';
import type { TaskState } from '../../domain/work/task.state.js';
import { WorkspaceCommand } from '../shared/command.js';
import { importedTaskFields, taskFields } from './create-task.command.js';

const updateFields = (fields: typeof taskFields) =>
  z.object({ taskId: z.uuid(), ...z.object(fields).partial().shape, expectedVersion: z.int().min(0).optional() });

export const updateTaskInput = updateFields(taskFields);
export const importTaskDetailsInput = updateFields(importedTaskFields);

export class UpdateTask extends WorkspaceCommand<z.input<typeof updateTaskInput>, TaskState> {}
