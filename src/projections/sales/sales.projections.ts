/** The projections of this capability. */
import { salesProjection } from './sales.projection.js';

export const salesProjections = [salesProjection];
