/** Every projection of the capability `sync`. */
import type { Projection } from '../engine/projection.js';
import { integrationsProjection } from './integrations.projection.js';
import { syncRejectsProjection } from './sync-rejects.projection.js';
import { syncRunsProjection } from './sync-runs.projection.js';

export const syncProjections: readonly Projection[] = [
  integrationsProjection,
  syncRunsProjection,
  syncRejectsProjection,
];
