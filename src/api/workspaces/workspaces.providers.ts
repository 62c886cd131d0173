/** What the API of this capability consists of. */
import { MemberQueries } from '../../projections/workspaces/members.queries.js';
import { WorkspaceQueries } from '../../projections/workspaces/workspaces.queries.js';
import { MemberLoader } from './member.loader.js';
import {
  MemberChangedResolver,
  MemberResolver,
  TaskAssigneesResolver,
  TaskAssignmentResolver,
} from './member.resolver.js';
import { WorkspaceLoader } from './workspace.loader.js';
import { WorkspaceChangedResolver, WorkspaceResolver } from './workspace.resolver.js';

export const workspacesApiProviders = [
  WorkspaceResolver,
  WorkspaceChangedResolver,
  WorkspaceLoader,
  WorkspaceQueries,
  MemberResolver,
  MemberChangedResolver,
  TaskAssigneesResolver,
  TaskAssignmentResolver,
  MemberLoader,
  MemberQueries,
];
