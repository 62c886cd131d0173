/** Resolvers, loaders and queries of this capability. */
import { EventIndexQueries } from '../../projections/audit/event-index.queries.js';
import { CausalChainResolver } from './causal-chain.resolver.js';
import { EventCountResolver, EventHistoryResolver } from './event-history.resolver.js';
import { EventRecordedResolver } from './event-recorded.resolver.js';
import { IndexedEventLoader } from './indexed-event.loader.js';
import { LoggedEventLoader } from './logged-event.loader.js';
import { RecordedStateResolver } from './recorded-state.resolver.js';

export const auditApiProviders = [
  EventHistoryResolver,
  EventCountResolver,
  CausalChainResolver,
  RecordedStateResolver,
  EventRecordedResolver,
  LoggedEventLoader,
  IndexedEventLoader,
  EventIndexQueries,
];
