/** Every projection of the capability `work`. */
import type { Projection } from '../engine/projection.js';
import { labelsProjection } from './labels.projection.js';
import { projectsProjection } from './projects.projection.js';
import { tasksProjection } from './tasks.projection.js';

export const workProjections: readonly Projection[] = [projectsProjection, labelsProjection, tasksProjection];
