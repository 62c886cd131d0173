/** Projections named on the command line. */
import type { Command } from 'commander';
import type { Projection } from '../../projections/engine/projection.js';

/** Each once; all when none is named. A name that is none is a mistake in the call, which exits with 2. */
export async function projectionsNamed(command: Command, names: readonly string[]): Promise<readonly Projection[]> {
  // Every capability: longer to load than most commands take to run.
  const { allProjections } = await import('../../capabilities.js');
  if (names.length === 0) return allProjections;
  return [...new Set(names)].map((name) => {
    const projection = allProjections.find((candidate) => candidate.name === name);
    if (projection) return projection;
    return command.error(`error: there is no projection ${name}; choose from: ${allProjections.map((each) => each.name).join(', ')}`); // prettier-ignore
  });
}
