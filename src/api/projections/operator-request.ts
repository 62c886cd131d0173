/** What every mutation on read models has in common: who may ask, for which of them, and the payload that answers. */
import { reject, type Rejection } from '../../domain/shared/rejection.js';
import type {
  ProjectionControl,
  ProjectionStatus,
  RequestOutcome,
} from '../../projections/ports/projection-control.port.js';
import { OPERATORS_ONLY, type ApiContext } from '../shared/request-context.js';

/**
 * Has a worker do what is asked, where the caller may ask it.
 * @param request sends it
 * @returns the payload; `outcome` is that of a request that was accepted
 */
export async function askAsOperator<Outcome extends RequestOutcome>(
  context: ApiContext,
  control: ProjectionControl,
  name: string,
  request: (requestedBy: string) => Promise<Outcome | undefined>,
): Promise<{ readonly payload: object; readonly outcome?: Outcome }> {
  if (!context.isOperator) return { payload: refused(reject('FORBIDDEN', OPERATORS_ONLY)) };
  const known = await control.names();
  if (!known.includes(name)) {
    const message = `There is no projection of this name; there are ${known.join(', ')}.`;
    return { payload: refused(reject('NOT_FOUND', message, ['name'])) };
  }
  const outcome = await request(`user:${context.actor.id}`);
  if (outcome && !outcome.accepted) return { payload: refused(reject('NOT_ALLOWED_NOW', outcome.message)) };
  const status = (await control.statuses()).find((candidate) => candidate.name === name);
  const payload = {
    projection: status ? toProjection(status) : null,
    message: outcome?.message ?? null,
    isPending: outcome === undefined,
    userErrors: [],
  };
  return { payload, ...(outcome && { outcome }) };
}

const refused = ({ code, message, field }: Rejection): object => ({
  projection: null,
  message: null,
  isPending: false,
  userErrors: [{ code, message, field, details: null }],
});

export const toProjection = ({ state, paused, builds, ...status }: ProjectionStatus): object => ({
  ...status,
  state: state.toUpperCase(),
  pausedSince: paused?.since ?? null,
  builds: builds.map((build) => ({ ...build, state: build.state.toUpperCase() })),
});
