/** Watches builds until they serve: a bar with rate and time left on a terminal, plain lines elsewhere. */
import { setTimeout as delay } from 'node:timers/promises';
import { listBuilds, schemaOf, type Build } from '../../projections/engine/build-registry.js';
import type { WriteDatabase } from '../../projections/ports/write-database.port.js';
import { CliError } from '../failure.js';
import { startProgress } from '../progress.js';

const POLL_MS = 250;
/** A build that nobody works on for so long has no worker that knows its version. */
const NO_WORKER_MS = 15_000;

/**
 * Until all of them serve. Ctrl-C only stops watching.
 * @param ids of builds that are under way
 * @throws CliError when one stops, is dropped, or nobody works on it
 */
export async function watchBuilds(database: WriteDatabase, label: string, ids: readonly string[]): Promise<void> {
  const first = await listBuilds(database);
  const begun = first.filter(({ id }) => ids.includes(id));
  // What serves has applied about as many events as the build will have.
  const serving = first.filter((build) => build.state === 'live' && begun.some((own) => own.projection === build.projection)); // prettier-ignore
  const before = eventsOf(begun);
  const progress = startProgress(label, Math.max(eventsOf(serving) - before, 0), 'events');
  let done = 0;
  let movedAt = performance.now();
  try {
    for (;;) {
      const all = await listBuilds(database);
      const own = ids.map((id) => stillGood(id, all));
      const now = eventsOf(own) - before;
      if (now > done || own.every(isComplete)) movedAt = performance.now();
      progress.advance(now - done);
      done = now;
      if (own.every(({ state }) => state === 'live')) break;
      if (performance.now() - movedAt > NO_WORKER_MS && own.some(({ made }) => !made)) throw nobody(own);
      await delay(POLL_MS);
    }
  } catch (error) {
    progress.abandon();
    throw error;
  }
  progress.finish();
}

const eventsOf = (builds: readonly Build[]): number => builds.reduce((sum, { events }) => sum + events, 0);
const isComplete = ({ indexed }: Build): boolean => indexed;

function stillGood(id: string, all: readonly Build[]): Build {
  const build = all.find((candidate) => candidate.id === id);
  if (!build || build.state === 'retired') {
    throw new CliError(`${schemaOf(id)} was aborted, or replaced by a newer build`, 'see `teampulse projections list`');
  }
  if (build.stopped) {
    throw new CliError(
      `${schemaOf(id)} of ${build.projection} stopped: ${build.stopped.reason}`,
      'the build that served goes on; repair the cause and run `teampulse projections resume`, or `abort` it',
    );
  }
  return build;
}

function nobody(builds: readonly Build[]): CliError {
  const { projection, version } = builds.find(({ made }) => !made) ?? { projection: 'the projection', version: 0 };
  return new CliError(
    `no worker works on ${projection}`,
    `start one that has version ${version} of it, with \`teampulse worker\` or \`teampulse up\``,
  );
}
