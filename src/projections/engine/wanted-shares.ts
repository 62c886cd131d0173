/** What there is to be run, as the control schema has it: the shares of all builds that serve or are on their way to. */
import type { WriteDatabase } from '../ports/write-database.port.js';
import { pausedProjections } from './build-life-cycle.js';
import { ensureBuilds, listBuilds, type Build, type Share } from './build-registry.js';
import type { Projection } from './projection.js';

/** A share that may be run now, by whoever has the code. */
export interface Wanted {
  /** `<build>/<shard>` */
  readonly key: string;
  readonly build: Build;
  readonly share: Share;
}

/** Every share that should be run by somebody, by key. */
export async function wantedShares(database: WriteDatabase): Promise<ReadonlyMap<string, Wanted>> {
  const control = urgent(database);
  const paused = await pausedProjections(control);
  const wanted = new Map<string, Wanted>();
  for (const build of await listBuilds(control)) {
    if ((build.state !== 'live' && build.state !== 'building') || !build.made || paused.has(build.projection)) continue;
    for (const share of build.shares) {
      const key = keyOf({ buildId: build.id, shard: share.shard });
      wanted.set(key, { key, build, share });
    }
  }
  return wanted;
}

/** A rebuild that somebody asked for has no tables yet; a version that was gone back from may come again. */
export async function makeWhatIsAsked(database: WriteDatabase, projections: readonly Projection[]): Promise<void> {
  const builds = await listBuilds(urgent(database));
  for (const projection of projections) {
    const own = builds.filter(({ projection: name }) => name === projection.name);
    const building = own.find(({ state }) => state === 'building');
    const asked = building ? !building.made : own.some(({ state, version }) => state === 'live' && version < projection.version); // prettier-ignore
    if (asked) await ensureBuilds(database, projection);
  }
}

/** `name@version`: code that can run it has the same. */
export const codeOf = (what: Projection | Build): string =>
  `${'projection' in what ? what.projection : what.name}@${what.version}`;

export const keyOf = ({ buildId, shard }: { readonly buildId: string; readonly shard: number }): string =>
  `${buildId}/${shard}`;

/** On its own connection: batches that wait for one must not keep a worker from seeing what it should run. */
const urgent = (database: WriteDatabase): Pick<WriteDatabase, 'query'> => ({
  query: async (statement) => database.urgent(statement),
});
