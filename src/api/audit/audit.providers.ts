/** Resolvers, loaders and queries of this capability. */
import { EventIndexQueries } from '../../projections/audit/event-index.queries.js';
import { EventHistoryResolver } from './event-history.resolver.js';
import { EventRecordedResolver } from './event-recorded.resolver.js';
import { IndexedEventLoader } from './indexed-event.loader.js';
import { LoggedEventLoader } from './logged-event.loader.js';

export const auditApiProviders = [
  EventHistoryResolver,
  EventRecordedResolver,
  LoggedEventLoader,
  IndexedEventLoader,
  EventIndexQueries,
];
