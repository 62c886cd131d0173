/** The query classes of this capability. */
import { EventIndexQueries } from './event-index.queries.js';

export const auditQueries = [EventIndexQueries];
