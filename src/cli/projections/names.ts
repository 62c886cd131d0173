/** Projections named on the command line. */
import { InvalidArgumentError } from 'commander';
import { allProjections } from '../../capabilities.js';
import type { Projection } from '../../projections/engine/projection.js';

/** For a list of names: each once. A name that is none is a mistake in the call, which exits with 2. */
export function asProjections(name: string, before: readonly Projection[] = []): readonly Projection[] {
  const projection = allProjections.find((candidate) => candidate.name === name);
  if (!projection) {
    throw new InvalidArgumentError(`There is none of that name; choose from: ${allProjections.map((each) => each.name).join(', ')}.`); // prettier-ignore
  }
  return before.includes(projection) ? before : [...before, projection];
}
