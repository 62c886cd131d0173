/** Every projection of the capability `workspaces`. */
import type { Projection } from '../engine/projection.js';
import { membersProjection } from './members.projection.js';
import { workspacesProjection } from './workspaces.projection.js';

export const workspacesProjections: readonly Projection[] = [workspacesProjection, membersProjection];
