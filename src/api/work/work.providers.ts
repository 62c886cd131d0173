/** What the API of this capability consists of. */
import { FlowQueries } from '../../projections/work/flow.queries.js';
import { LabelQueries } from '../../projections/work/labels.queries.js';
import { ProjectQueries } from '../../projections/work/projects.queries.js';
import { TaskQueries } from '../../projections/work/tasks.queries.js';
import { BoardResolver } from './board.resolver.js';
import { FlowResolver } from './flow.resolver.js';
import { LabelLoader } from './label.loader.js';
import { LabelChangedResolver, LabelResolver } from './label.resolver.js';
import { ProjectLoader } from './project.loader.js';
import { ProjectChangedResolver, ProjectResolver } from './project.resolver.js';
import { TaskMutationsResolver } from './task-mutations.resolver.js';
import { AssignmentLoader, StatusSpanLoader, TaskLoader } from './task.loader.js';
import { TaskChangedResolver, TaskConnectionResolver, TaskResolver } from './task.resolver.js';

export const workApiProviders = [
  ProjectResolver,
  ProjectChangedResolver,
  ProjectLoader,
  ProjectQueries,
  LabelResolver,
  LabelChangedResolver,
  LabelLoader,
  LabelQueries,
  TaskResolver,
  TaskMutationsResolver,
  TaskConnectionResolver,
  TaskChangedResolver,
  TaskLoader,
  StatusSpanLoader,
  AssignmentLoader,
  TaskQueries,
  BoardResolver,
  FlowResolver,
  FlowQueries,
];
