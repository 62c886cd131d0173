/** What the API of this capability consists of. */
import { IntegrationQueries } from '../../projections/sync/integrations.queries.js';
import { SyncRunQueries } from '../../projections/sync/sync-runs.queries.js';
import { IntegrationLoader } from './integration.loader.js';
import { IntegrationResolver } from './integration.resolver.js';
import { SyncRunLoader } from './sync-run.loader.js';
import { SyncRunChangedResolver, SyncRunResolver } from './sync-run.resolver.js';

export const syncApiProviders = [
  IntegrationResolver,
  IntegrationLoader,
  IntegrationQueries,
  SyncRunResolver,
  SyncRunChangedResolver,
  SyncRunLoader,
  SyncRunQueries,
];
