/** The projections of this capability. */
import { eventIndexProjection } from './event-index.projection.js';

export const auditProjections = [eventIndexProjection];
