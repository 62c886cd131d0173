/** Resolvers for operators. */
import { ParkedEventsResolver } from './parked-events.resolver.js';
import { ProgressFeed } from './progress-feed.js';
import { ProjectionsResolver } from './projections.resolver.js';

export const projectionsApiProviders = [ProjectionsResolver, ParkedEventsResolver, ProgressFeed];
