/** What every resolver knows of its request. Workspace, actor and role come from the verified token and from nowhere else. */
import type { Actor } from '../../domain/shared/metadata.js';
import { forbidden } from './errors.js';

/** From the least to the most allowed. */
export const ROLES = ['viewer', 'member', 'manager', 'admin', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** What shares its nested reads: one request, or all subscribers of a workspace for one batch of changes. */
export type LoaderScope = object;

export interface ApiContext {
  readonly workspaceId: string;
  readonly actor: Actor;
  readonly role: Role;
  /** Looks after what all workspaces share, besides what the role allows in this one. */
  readonly isOperator: boolean;
  /** A UUID; the correlation id of every event this request leads to, and what a masked error shows. */
  readonly requestId: string;
  readonly source: { readonly ip?: string; readonly userAgent?: string };
  readonly loaderScope: LoaderScope;
}

/** Where a library hands the context back as something it knows nothing of. */
export function requireContext(value: unknown): ApiContext {
  if (isContext(value)) return value;
  throw new Error('an operation ran without its context');
}

const isContext = (value: unknown): value is ApiContext =>
  typeof value === 'object' && value !== null && 'requestId' in value && 'workspaceId' in value;

export const hasRole = (context: ApiContext, atLeast: Role): boolean =>
  ROLES.indexOf(context.role) >= ROLES.indexOf(atLeast);

/** For queries and subscriptions; mutations name the role in `mutate()`, which refuses with a user error instead. @throws FORBIDDEN */
export function requireRole(context: ApiContext, atLeast: Role): void {
  if (!hasRole(context, atLeast)) throw forbidden(`This needs the role ${atLeast} or above; yours is ${context.role}.`);
}

/** What a caller is told who is none. */
export const OPERATORS_ONLY =
  'The read models are shared by all workspaces: this needs a token made with `teampulse token create --operator`.';

/** For queries and subscriptions on what all workspaces share. @throws FORBIDDEN */
export function requireOperator(context: ApiContext): void {
  if (!context.isOperator) throw forbidden(OPERATORS_ONLY);
}
