/** `teampulse projections build|drop NAME… --as-of …`: read models of a past state, made in this process and kept beside the live ones. */
import { InvalidArgumentError, type Command } from 'commander';
import { parsePosition } from '../../domain/shared/position.js';
import { instantSchema } from '../../domain/shared/time.js';
import { buildAsOf, dropAsOf, listAsOf, type AsOfBuild } from '../../projections/engine/as-of-builds.js';
import { listBuilds, schemaOf } from '../../projections/engine/build-registry.js';
import type { Projection } from '../../projections/engine/projection.js';
import { asOfText, type AsOf } from '../../projections/ports/as-of.js';
import type { WriteDatabase } from '../../projections/ports/write-database.port.js';
import { CliError } from '../failure.js';
import { startProgress } from '../progress.js';
import { withDatabase } from './control.js';
import { projectionsNamed } from './names.js';
import { withLog } from './with-log.js';

export function addAsOf(command: Command): void {
  command
    .command('build')
    .argument('<names...>', 'projections, as `list` names them; the log is read once for all')
    .requiredOption(
      '--as-of <then>',
      'an instant with its zone (2026-03-01T00:00:00Z) or a position (1234/1234)',
      asAsOf,
    )
    .description(
      'Build read models as they were: from the events recorded by an instant, or up to a position, which is included.\n' +
        'They are kept beside the live ones for queries with `asOf`, until dropped. Killed, it goes on when asked again.',
    )
    .action(async (names: string[], { asOf }: { asOf: AsOf }, self: Command) =>
      build(await projectionsNamed(self, names), asOf),
    );
  command
    .command('drop')
    .argument('<names...>', 'projections, as `list` names them')
    .requiredOption('--as-of <then>', 'as it was built', asAsOf)
    .description('Drop read models of a past state. What serves is never dropped.')
    .action(async (names: string[], { asOf }: { asOf: AsOf }, self: Command) =>
      drop(await projectionsNamed(self, names), asOf),
    );
}

export function asAsOf(text: string): AsOf {
  const position = parsePosition(text);
  if (position) return { position };
  const instant = instantSchema.safeParse(text);
  if (!instant.success) throw new InvalidArgumentError('give an instant with its zone, such as 2026-03-01T00:00:00Z, or a position, such as 1234/1234.'); // prettier-ignore
  return { recordedAt: instant.data };
}

async function build(projections: readonly Projection[], asOf: AsOf): Promise<void> {
  const builds = await withLog(async ({ log, database, signal }) => {
    const bar = startProgress(`building as of ${asOfText(asOf)}`, await mostEvents(database, projections), 'events');
    try {
      const made = await buildAsOf({ log, database, signal, progress: (count) => bar.advance(count) }, projections, asOf); // prettier-ignore
      bar.finish();
      return made;
    } catch (error) {
      bar.abandon();
      throw error;
    }
  });
  for (const { projection, id, events, asOf: then } of builds) {
    console.log(`${projection} as of ${asOfText(then)}: ${events} events, in ${schemaOf(id)}`);
  }
}

/** What serves has applied at least as many; how many had been recorded by then is not known before. */
async function mostEvents(database: WriteDatabase, projections: readonly Projection[]): Promise<number> {
  const live = (await listBuilds(database)).filter(({ state }) => state === 'live');
  return live.reduce((sum, { projection, events }) => sum + (projections.some(({ name }) => name === projection) ? events : 0), 0); // prettier-ignore
}

async function drop(projections: readonly Projection[], asOf: AsOf): Promise<void> {
  await withDatabase(async (database) => {
    for (const { name } of projections) {
      if ((await dropAsOf(database, name, asOf)) === 0) throw new CliError(`there is no build of ${name} as of ${asOfText(asOf)}`, 'see `teampulse projections list`'); // prettier-ignore
      console.log(`${name} as of ${asOfText(asOf)} was dropped.`);
    }
  });
}

/** For `list`: one row each, in the shape of the others. */
export async function asOfRows(database: WriteDatabase): Promise<readonly AsOfRow[]> {
  return (await listAsOf(database)).map(rowOf);
}

const rowOf = ({ projection, version, id, done, asOf, events, position }: AsOfBuild): AsOfRow => ({
  projection,
  version,
  build: schemaOf(id),
  state: `${done ? 'as of' : 'unfinished, as of'} ${asOfText(asOf)}`,
  events,
  position: position ? String(position.commit) : null,
});

export interface AsOfRow {
  readonly projection: string;
  readonly version: number;
  readonly build: string;
  readonly state: string;
  readonly events: number;
  readonly position: string | null;
}
