/** What no two projections may both claim. Whichever stood later in a list would have it, and nothing would fail. */
import { tablesOf, type Projection } from './projection.js';

/** Two projections claim the same: one of the declarations is a mistake, which no retry mends. */
export class ProjectionsCollide extends Error {
  override readonly name = 'ProjectionsCollide';
  readonly code = 'PROJECTIONS_COLLIDE';
}

/** Called where a process begins to use them. @throws ProjectionsCollide, which names both and what to do */
export function requireDistinct(projections: readonly Projection[]): void {
  const claims = new Map<string, string>();
  for (const projection of projections) {
    for (const { what, hint } of claimsOf(projection)) {
      const other = claims.get(what);
      if (other !== undefined) {
        const both = other === projection.name ? `${other}, twice` : `${other} and ${projection.name}`;
        throw new ProjectionsCollide(`two projections claim ${what}: ${both}; ${hint}`);
      }
      claims.set(what, projection.name);
    }
  }
}

interface Claim {
  readonly what: string;
  readonly hint: string;
}

function claimsOf(projection: Projection): readonly Claim[] {
  const { name } = projection;
  const tables = tablesOf(projection).map((table) => ({
    what: `the table ${table.name}`,
    hint: 'queries read it by its name: give one of them another',
  }));
  const things =
    projection.kind === 'entity' && projection.category !== undefined
      ? [{ what: `the category ${projection.category}`, hint: 'only one answers for its things: leave it out of the other' }] // prettier-ignore
      : [];
  return [{ what: `the name ${name}`, hint: 'give one of them another' }, ...things, ...tables];
}
