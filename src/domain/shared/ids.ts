/** Ids: UUIDv7 for new things (made outside the domain), UUIDv5 of workspace, source and external id for imported ones. */
import { v5 } from 'uuid';

/** The namespace of every UUIDv5 that TeamPulse derives. A storage contract: changing it would import everything twice. */
const NAMESPACE = '7f0c2c5e-6f0a-4c58-9b1e-0d7a3a5b6c11';

/**
 * The same parts always give the same id, so that doing a thing twice is harmless.
 * Parts are length-prefixed: `('a', 'bc')` and `('ab', 'c')` differ.
 */
export function deriveId(...parts: readonly (string | number)[]): string {
  return v5(parts.map((part) => `${String(part).length}:${part}`).join('|'), NAMESPACE);
}

/** The id of an imported thing, such as a sale of a shop: the same external id of the same source is the same thing, however its Unicode is composed. */
export const importedId = (workspaceId: string, source: string, kind: string, externalId: string): string =>
  deriveId('imported', workspaceId, source, kind, externalId.normalize());
