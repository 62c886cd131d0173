/** What `teampulse projections verify` says and exits with. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.js';
import { caughtUp } from '../support/caught-up.js';
import { teampulse, type Ended } from '../support/teampulse-process.js';

let api: TestApi;
let environment: Record<string, string>;

beforeAll(async () => {
  api = await startTestApi();
  await api.createWorkspace();
  await caughtUp(api);
  environment = { EVENTSTORE_URL: api.eventstoreUrl, DATABASE_URL: api.database.url, LOG_LEVEL: 'silent' };
});
afterAll(async () => api.close());

const run = async (args: readonly string[], more: Record<string, string> = {}): Promise<Ended> =>
  teampulse(['projections', 'verify', ...args], { ...environment, ...more });
const live = async (name: string): Promise<string> =>
  (await api.database.sql<{ id: string }>("SELECT id FROM control.builds WHERE projection = $1 AND state = 'live'", [name]))[0]?.id ?? ''; // prettier-ignore

describe('projections verify', () => {
  it('exits with 0 where all is equal', async () => {
    const { code, stdout } = await run(['workspaces', 'event-index']);
    expect(stdout).toMatch(
      /^workspaces v\d+ \(build_\d+\): equal, 1 event up to \d+\/\d+, 1 row in 1 table\nevent-index v/,
    );
    expect(code).toBe(0);
  });

  it('exits with 0 as well where events are parked or discarded, and names them', async () => {
    const projects = await live('projects');
    // Of events that the log does not have: it is about what is said of them, and of the log that it lacks them.
    await api.database
      .sql(`INSERT INTO control.parked (build_id, shard, commit_position, prepare_position, event_id, event_type, stream_name, revision, state)
      SELECT ${projects}, 0, n, n, n, 'work.ProjectCreated', 'project-' || n, 0, CASE n WHEN 3 THEN 'behind' WHEN 4 THEN 'discarded' ELSE 'parked' END
      FROM generate_series(2, 4) n`);
    await api.database.sql(`INSERT INTO control.applied_counts VALUES (${projects}, 0, 'work.ProjectCreated', -3)`);
    const { code, stdout } = await run(['projects']);
    expect(stdout).toContain(': equal but for what it leaves out, 0 events');
    expect(stdout).toContain('  work.ProjectCreated: 2 parked, 1 discarded\n    2/2 work.ProjectCreated: parked\n    4/4 work.ProjectCreated: discarded\n'); // prettier-ignore
    expect(code).toBe(0);
    await api.database.sql(`DELETE FROM control.parked; DELETE FROM control.applied_counts WHERE events < 0`);
  });

  it('exits with 3 where something differs, and shows the first', async () => {
    const table = `build_${await live('workspaces')}.workspaces`;
    await api.database.sql(`UPDATE ${table} SET version = version + 1`);
    const { code, stdout } = await run(['workspaces']);
    expect(stdout).toMatch(/: DIFFERENT, 1 event up to .*\n {2}workspaces: 1 row differs, 0 missing, 0 not of the log\n {4}first: .*\n {6}version: 2 should be 1\n/); // prettier-ignore
    expect(code).toBe(3);
    await api.database.sql(`UPDATE ${table} SET version = version - 1`);
  });

  it('exits with 2 for a name that is none, and names those there are', async () => {
    const { code, stderr } = await run(['nowhere']);
    expect(stderr).toMatch(/there is no projection nowhere; choose from: .*workspaces/);
    expect(code).toBe(2);
  });

  it('exits with 1 where there is nothing that it could compare with, and says why', async () => {
    await api.database.sql("UPDATE control.builds SET version = version + 1 WHERE projection = 'labels' AND state = 'live'"); // prettier-ignore
    const { code, stdout } = await run(['labels', 'workspaces']);
    expect(stdout).toMatch(/^labels: not checked: version \d+ of labels serves, .*\nworkspaces v\d+ .*: equal/);
    expect(code).toBe(1);
    await api.database.sql("UPDATE control.builds SET version = version - 1 WHERE projection = 'labels' AND state = 'live'"); // prettier-ignore
  });

  it.each([
    ['the event store', { EVENTSTORE_URL: 'esdb://127.0.0.1:9?tls=false' }],
    ['Postgres', { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' }],
  ])('exits with 1 where %s is away, leaves nothing behind, and is not heard of as equal', async (_, away) => {
    const { code, stdout, stderr } = await run(['workspaces'], away);
    expect(stderr).toMatch(/^teampulse: /m);
    expect(stdout).not.toContain('equal');
    expect(code).toBe(1);
    expect(await api.database.sql("SELECT FROM control.builds WHERE state = 'shadow'")).toEqual([]);
  });
});
