/** What carries out the commands of this capability, and what they need beside the runner. */
import { ArchiveProjectHandler } from './archive-project.handler.js';
import { AssignTaskHandler } from './assign-task.handler.js';
import { ChangeLabelHandler } from './change-label.handler.js';
import { ChangeProjectWorkflowHandler } from './change-project-workflow.handler.js';
import { ChangeTaskStatusHandler } from './change-task-status.handler.js';
import { CreateLabelHandler } from './create-label.handler.js';
import { CreateProjectHandler } from './create-project.handler.js';
import { CreateTaskHandler } from './create-task.handler.js';
import { DeleteLabelHandler } from './delete-label.handler.js';
import { DeleteTaskHandler } from './delete-task.handler.js';
import { DescribeProjectHandler } from './describe-project.handler.js';
import { LabelTaskHandler } from './label-task.handler.js';
import { MoveTaskHandler } from './move-task.handler.js';
import { RenameProjectHandler } from './rename-project.handler.js';
import { RestoreProjectHandler } from './restore-project.handler.js';
import { RestoreTaskHandler } from './restore-task.handler.js';
import { SetTaskAssigneesHandler } from './set-task-assignees.handler.js';
import { UnassignTaskHandler } from './unassign-task.handler.js';
import { UnlabelTaskHandler } from './unlabel-task.handler.js';
import { UpdateTaskHandler } from './update-task.handler.js';
import { WorkReferences } from './references.js';

export const workHandlers = [
  WorkReferences,
  ArchiveProjectHandler,
  AssignTaskHandler,
  ChangeLabelHandler,
  ChangeProjectWorkflowHandler,
  ChangeTaskStatusHandler,
  CreateLabelHandler,
  CreateProjectHandler,
  CreateTaskHandler,
  DeleteLabelHandler,
  DeleteTaskHandler,
  DescribeProjectHandler,
  LabelTaskHandler,
  MoveTaskHandler,
  RenameProjectHandler,
  RestoreProjectHandler,
  RestoreTaskHandler,
  SetTaskAssigneesHandler,
  UnassignTaskHandler,
  UnlabelTaskHandler,
  UpdateTaskHandler,
];
