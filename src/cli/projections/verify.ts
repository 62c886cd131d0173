/**
 * `teampulse projections verify`: is what serves what the log says? Runs in this process, from the log and Postgres; no worker is
 * needed, and one that runs is not held up.
 */
import type { Command } from 'commander';
import { listBuilds } from '../../projections/engine/build-registry.js';
import type { RowDifference, TableComparison } from '../../projections/engine/compare-tables.js';
import type { Projection } from '../../projections/engine/projection.js';
import {
  isVerified,
  verify,
  type LeftOutEvent,
  type TypeCount,
  type Unverified,
  type Verification,
} from '../../projections/engine/verify.js';
import { amount, startProgress } from '../progress.js';
import { projectionsNamed } from './names.js';
import { withLog } from './with-log.js';

/** Something differs. Neither usage (2) nor a failure to look (1). */
export const EXIT_DIFFERENT = 3;

/** Of the events that a build leaves out. */
const MOST_NAMED = 10;

export function addVerify(command: Command): void {
  command
    .command('verify')
    .argument('[names...]', 'projections, as `list` names them (default: all)')
    .option('--json', 'the whole report as JSON, for scripts')
    .option(
      '--show-values',
      'show texts of rows that differ, which may be personal; ids, numbers and days are always shown',
    )
    .description(
      'Check that read models are what the log says: recount its events by type, and compare every row with a build made\n' +
        'from the log up to the same place. Exits with 0 when all are equal, 3 when something differs, 1 when it could not look.',
    )
    .action(async (names: string[], options: { json?: true; showValues?: true }, self: Command) => {
      const results = await look(await projectionsNamed(self, names), options.showValues === true);
      if (options.json) console.log(JSON.stringify(results, null, 2));
      else for (const result of results) for (const line of report(result)) console.log(line);
      process.exitCode = exitCodeOf(results);
    });
}

async function look(
  projections: readonly Projection[],
  showValues: boolean,
): Promise<readonly (Verification | Unverified)[]> {
  return withLog(async ({ log, database, signal }) => {
    const builds = await listBuilds(database);
    const events = builds
      .filter(({ state, projection }) => state === 'live' && projections.some(({ name }) => name === projection))
      .reduce((sum, build) => sum + build.events, 0);
    const bar = startProgress('checking', events, 'events');
    try {
      const progress = (count: number): void => bar.advance(count);
      const results = await verify({ log, database, signal, showValues, progress }, projections);
      bar.finish();
      return results;
    } catch (error) {
      bar.abandon();
      throw error;
    }
  });
}

function exitCodeOf(results: readonly (Verification | Unverified)[]): number {
  const verified = results.filter(isVerified);
  if (verified.some(({ equal }) => !equal)) return EXIT_DIFFERENT;
  return verified.length === results.length ? 0 : 1;
}

function report(result: Verification | Unverified): string[] {
  if (!isVerified(result)) return [`${result.projection}: not checked: ${result.reason}`];
  const { projection, version, build, equal, counts, leftOut, tables, positions } = result;
  const events = counts.reduce((sum, { log }) => sum + log, 0);
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const at = positions.map((position) => position ?? 'the start').join(', ');
  const said = equal ? (leftOut.length > 0 ? 'equal but for what it leaves out' : 'equal') : 'DIFFERENT';
  const head = `${projection} v${version} (${build}): ${said}, ${amount(events, 'events')} up to ${at}, ${amount(rows, 'rows')} in ${amount(tables.length, 'tables')}`;
  return [head, ...counts.flatMap(countLine), ...leftOutLines(leftOut), ...tables.flatMap(tableLines)];
}

function leftOutLines(events: readonly LeftOutEvent[]): string[] {
  const named = events.slice(0, MOST_NAMED).map(({ position, type, state }) => `    ${position} ${type}: ${state}`);
  return events.length > MOST_NAMED ? [...named, '    … see `teampulse projections parked list --all`'] : named;
}

function countLine({ type, log, applied, parked, discarded }: TypeCount): string[] {
  const left = [...(parked > 0 ? [`${parked} parked`] : []), ...(discarded > 0 ? [`${discarded} discarded`] : [])];
  const name = type === '' ? 'all types' : type;
  if (log === applied + parked + discarded) return left.length > 0 ? [`  ${name}: ${left.join(', ')}`] : [];
  return [`  ${name}: the log has ${log}, ${[`${applied} were applied`, ...left].join(', ')}`];
}

function tableLines({ table, missing, unexpected, different, first }: TableComparison): string[] {
  if (!first) return [];
  const summary = `  ${table}: ${amount(different, 'rows')} differ${different === 1 ? 's' : ''}, ${missing} missing, ${unexpected} not of the log`;
  return [summary, `    first: ${place(first)}`, ...first.columns.map(({ name, live, log }) => `      ${name}: ${live ?? 'NULL'} should be ${log ?? 'NULL'}`)]; // prettier-ignore
}

const KINDS = { missing: 'missing', unexpected: 'not of the log', different: 'differs' } as const;

const place = ({ kind, workspaceId, key }: RowDifference): string =>
  `${key.map(({ name, value }) => `${name} ${value ?? 'NULL'}`).join(', ')} of workspace ${workspaceId}: ${KINDS[kind]}`;
