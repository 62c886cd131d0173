/** What operators can ask of the engine, by the kind of the request. */
import type { RequestHandler } from './control-requests.js';
import { abortBuild, pause, rebuild, resume, rollback } from './build-life-cycle.js';
import { discardParked, retryParked } from './parking-requests.js';

export const requestHandlers: Readonly<Record<string, RequestHandler>> = {
  rebuild,
  rollback,
  abort: abortBuild,
  pause,
  resume,
  'retry-parked': retryParked,
  'discard-parked': discardParked,
};
