/** `teampulse audit verify --rebuild`: figures from an export alone, and what a running server says of the same. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointFolder } from '../../src/adapters/audit/checkpoint-folder.js';
import { exportWorkspace } from '../../src/adapters/audit/export-workspace.js';
import { connectForTransfer, readWorkspaceEntries } from '../../src/adapters/eventstore/transfer/transfer.js';
import { loadSigningKey } from '../../src/adapters/tokens/signing-key.js';
import type { LogPosition } from '../../src/domain/shared/recorded-event.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { caughtUp } from '../support/caught-up.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { teampulse, type Ended } from '../support/teampulse-process.js';

const NAMES = '{ projects(first: 10) { nodes { key name } } }';

let api: TestApi;
let workspaceId: string;
let folder: string;
let publicKey: string;
const place = (name: string): string => join(folder, name);
/** As an auditor runs it: nothing but the files is known. */
const verify = (name: string, ...args: string[]): Promise<Ended> =>
  teampulse(['audit', 'verify', place(name), '--public-key', publicKey, ...args]);

async function createProject(workspace: string, key: string): Promise<void> {
  const create = 'mutation ($input: CreateProjectInput!) { createProject(input: $input) { userErrors { message } } }';
  expect(await api.as(workspace)(create, { input: { key, name: `Project ${key}` } })).toEqual({ createProject: { userErrors: [] } }); // prettier-ignore
}

beforeAll(async () => {
  folder = scratchFolder('audit-rebuild-command');
  api = await startTestApi();
  workspaceId = await api.createWorkspace();
  const other = await api.createWorkspace();
  await createProject(workspaceId, 'ONE');
  await createProject(other, 'THEIRS');
  await createProject(workspaceId, 'TWO');
  publicKey = place('public-key.json');
  const environment = { TEAMPULSE_DATA: folder, EVENTSTORE_URL: api.eventstoreUrl };
  await writeFile(publicKey, (await teampulse(['audit', 'key'], environment)).stdout);
  const client = connectForTransfer(api.eventstoreUrl);
  const key = await loadSigningKey(folder, undefined, 'audit');
  const parts = { folder: new CheckpointFolder(place('checkpoints'), workspaceId), key, source: (after?: LogPosition, until?: LogPosition) => readWorkspaceEntries(client, workspaceId, after, until) }; // prettier-ignore
  for (const format of ['jsonl', 'csv', 'cloudevents'] as const)
    await exportWorkspace({ ...parts, out: place(format), format, filter: {}, gzip: format === 'csv', checkpoint: format === 'jsonl' ? undefined : 1 }); // prettier-ignore
  await exportWorkspace({ ...parts, out: place('some'), format: 'jsonl', filter: { types: ['work.ProjectCreated'] }, gzip: false, checkpoint: 1 }); // prettier-ignore
  await client.dispose();
  await caughtUp(api);
}, 120_000);
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true });
});

describe('audit verify --rebuild', () => {
  it('shows what every table has, the same for every form of the export', async () => {
    const shown = await Promise.all(['jsonl', 'csv', 'cloudevents'].map(async (name) => verify(name, '--rebuild')));
    for (const { code, stdout, stderr } of shown) {
      expect(code, stderr).toBe(0);
      expect(stdout).toMatch(/is what was signed: 3 of 3 events/);
      expect(stdout).toMatch(/^projects +2 +[0-9a-f]{64}$/m);
      expect(stdout).toMatch(/^event_index +3 +[0-9a-f]{64}$/m);
    }
    const [first, ...others] = shown.map(({ stdout }) => stdout.slice(stdout.indexOf('TABLE')));
    for (const other of others) expect(other).toBe(first);
  }, 120_000);

  it('answers queries as the server does, and finds the server out when it says something else', async () => {
    const token = await api.token(workspaceId);
    const ask = async (): Promise<Ended> => verify('jsonl', '--rebuild', '--query', NAMES, '--against', api.url, '--token', token); // prettier-ignore
    const same = await ask();
    expect(same.code, same.stderr).toBe(0);
    expect(same.stdout).toContain('"name": "Project ONE"');
    expect(same.stdout).not.toContain('THEIRS');
    expect(same.stdout).toContain(`${api.url} says the same.`);
    const [live] = await api.database.sql<{ id: string }>("SELECT id FROM control.builds WHERE projection = 'projects' AND state = 'live'"); // prettier-ignore
    await api.database.sql(`UPDATE build_${live?.id ?? ''}.projects SET name = 'Cooked' WHERE key = 'ONE'`);
    const other = await ask();
    expect(other.code).toBe(3);
    expect(other.stdout).toMatch(/Project ONE[^]*says something else:[^]*Cooked/);
  }, 120_000);

  it('folds single things from the export as well, and says what it can not answer', async () => {
    const then = '{ eventHistory(orderBy: OLDEST_FIRST) { nodes { type data } } nonsense }';
    const refused = await verify('jsonl', '--query', then);
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('Cannot query field') });
    const { code, stdout } = await verify('csv', '--json', '--query', then.replace(' nonsense', ''));
    expect(code).toBe(0);
    const { verified, rebuilt } = JSON.parse(stdout);
    expect(verified).toBe(true);
    expect(rebuilt.answer.data.eventHistory.nodes).toMatchObject([{ type: 'workspaces.WorkspaceCreated' }, { type: 'work.ProjectCreated', data: { key: 'ONE' } }, { data: { key: 'TWO' } }]); // prettier-ignore
  }, 120_000);

  it('rebuilds nothing of what was altered, left out or not asked', async () => {
    await cp(place('jsonl'), place('altered'), { recursive: true });
    const events = await readFile(place('altered/events.jsonl'), 'utf8');
    await writeFile(place('altered/events.jsonl'), events.replace('Project ONE', 'Project ONO'));
    const altered = await verify('altered', '--rebuild');
    expect(altered.code).toBe(3);
    expect(altered.stdout).toContain('altered is NOT what was signed');
    expect(altered.stdout).not.toContain('TABLE');
    const some = await verify('some', '--rebuild');
    expect(some.code).toBe(1);
    expect(some.stderr).toContain('a filter left events out of this export');
    for (const [args, message] of [
      [['--query', 'mutation { x }'], /can only be queried/],
      [['--query', '{'], /can't be read/],
      [['--rebuild', '--against', api.url], /give one with --query/],
      [['--query', NAMES, '--against', 'nowhere'], /is not an http address/],
    ] as const) {
      const { code, stderr, stdout } = await verify('jsonl', ...args);
      expect(stderr).toMatch(message);
      expect(stdout).toBe('');
      expect(code).toBe(2);
    }
  }, 120_000);
});
