/** Resolvers for operators. */
import { ProgressFeed } from './progress-feed.js';
import { ProjectionsResolver } from './projections.resolver.js';

export const projectionsApiProviders = [ProjectionsResolver, ProgressFeed];
