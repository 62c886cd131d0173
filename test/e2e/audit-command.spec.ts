import { existsSync } from 'node:fs';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AuditLog } from '../support/audit-log.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { teampulse, TeampulseProcess, type Ended } from '../support/teampulse-process.js';

const workspaceId = v7();
let log: AuditLog;
let folder: string;
let publicKey: string;

const place = (name: string): string => join(folder, name);
const audit = (...args: string[]): Promise<Ended> =>
  teampulse(['audit', ...args], { TEAMPULSE_DATA: folder, EVENTSTORE_URL: log.server.connectionString });
/** As an auditor runs it: nothing but the files is known. */
const offline = (...args: string[]): Promise<Ended> => teampulse(['audit', ...args]);

beforeAll(async () => {
  folder = scratchFolder('audit-command');
  log = await AuditLog.start(folder);
  await log.addMembers([workspaceId], 150, 199);
  publicKey = place('public-key.json');
  await writeFile(publicKey, (await audit('key')).stdout);
}, 120_000);
afterAll(async () => {
  await log.close();
  await rm(folder, { recursive: true });
});

describe('teampulse audit', () => {
  it('goes on with an export that was killed, to the same bytes, and says once in the log that it was made', async () => {
    const out = place('killed');
    const args = ['audit', 'export', '--workspace', workspaceId, '--out', out, '--format', 'csv', '--by', 'dora'];
    const environment = { TEAMPULSE_DATA: folder, EVENTSTORE_URL: log.server.connectionString };
    const journal = join(`${out}.unfinished`, 'journal.json');
    let seen = 0;
    for (let kills = 0; kills < 3; kills++) {
      const running = new TeampulseProcess(args, environment);
      await vi.waitUntil(
        async () => {
          if (!existsSync(journal)) return running.child.exitCode !== null;
          const { leaves } = JSON.parse(await readFile(journal, 'utf8'));
          return leaves > seen || running.child.exitCode !== null;
        },
        { timeout: 30_000, interval: 5 },
      );
      await running.stop('SIGKILL');
      seen = existsSync(journal) ? JSON.parse(await readFile(journal, 'utf8')).leaves : Infinity;
    }
    if (!existsSync(out)) await teampulse(args, environment);
    const { checkpoint } = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'));
    const whole = await audit('export', '--workspace', workspaceId, '--out', place('whole'), '--format', 'csv', '--checkpoint', String(checkpoint.number)); // prettier-ignore
    expect(whole.code).toBe(0);
    for (const file of await readdir(out))
      expect((await readFile(join(out, file))).equals(await readFile(place(`whole/${file}`))), file).toBe(true);
    expect((await readdir(folder)).filter((name) => name.includes('unfinished'))).toEqual([]);

    const told = await audit('export', '--workspace', workspaceId, '--out', place('told'), '--type', 'audit.Exported');
    expect(told.code).toBe(0);
    const events = (await readFile(place('told/events.jsonl'), 'utf8')).trimEnd().split('\n').map((line) => JSON.parse(line)); // prettier-ignore
    expect(events.map(({ metadata }) => metadata.actor.id)).toEqual(['dora', 'cli']);
    expect(events[0].data).toMatchObject({ format: 'csv', filter: {}, events: 30_000, checkpoint: { size: 30_000 } });
  }, 300_000);

  it('verifies offline, and tells by its exit code what it found', async () => {
    const verified = await offline('verify', place('whole'), '--public-key', publicKey);
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('is what was signed: 30000 of 30000') });
    await cp(place('whole'), place('altered'), { recursive: true });
    const csv = await readFile(place('altered/events.csv'), 'utf8');
    await writeFile(place('altered/events.csv'), csv.replace('@example.org', '@example.com'));
    const altered = await offline('verify', place('altered'), '--public-key', publicKey, '--json');
    expect(altered.code).toBe(3);
    expect(JSON.parse(altered.stdout)).toMatchObject({ verified: false, problems: [{ what: 'EVENTS' }, { what: 'FILE' }] }); // prettier-ignore
    expect((await offline('verify', place('nothing'), '--public-key', publicKey)).code).toBe(1);
    expect((await offline('verify', place('whole'))).code).toBe(2);
    expect((await offline('verify', place('whole'), '--public-key', place('whole/manifest.json'))).stderr).toMatch(/is no public Ed25519 key/); // prettier-ignore
  }, 120_000);

  it('proves one event, and shows it to who has the public key', async () => {
    const row = (await readFile(place('whole/events.csv'), 'utf8')).split('\n')[4_711] ?? '';
    const eventId = /[0-9a-f-]{36},workspaces\./.exec(row)?.[0].slice(0, 36) ?? '';
    const proved = await offline('prove', eventId, '--export', place('whole'), '--out', place('proof.json'));
    expect(proved.code).toBe(0);
    const shown = await offline('verify-proof', place('proof.json'), '--public-key', publicKey);
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining(eventId) });
    const proof = await readFile(place('proof.json'), 'utf8');
    await writeFile(place('proof.json'), proof.replace('"index": 4710', '"index": 4711'));
    expect(await offline('verify-proof', place('proof.json'), '--public-key', publicKey)).toMatchObject({ code: 3 });
    expect((await offline('prove', v7(), '--export', place('whole'))).stderr).toMatch(/there is no event/);
  }, 120_000);

  it('signs checkpoints that find out a log that was cut off', async () => {
    const signed = await audit('checkpoint', '--workspace', workspaceId);
    await writeFile(place('kept.txt'), signed.stdout);
    const before = await offline(
      'verify',
      place('whole'),
      '--public-key',
      publicKey,
      '--checkpoint',
      place('kept.txt'),
    );
    expect(before).toMatchObject({ code: 3, stdout: expect.stringContaining('the export ends before checkpoint') });
    expect((await audit('export', '--workspace', workspaceId, '--out', place('now'), '--gzip')).code).toBe(0);
    const now = await offline('verify', place('now'), '--public-key', publicKey, '--checkpoint', place('kept.txt'));
    expect(now.code).toBe(0);
  }, 120_000);

  it('refuses what it does not know', async () => {
    const wrong = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await audit('export', '--out', place('wrong'), ...args);
      return `${code}: ${stderr}`;
    };
    expect(await wrong('--workspace', 'acme')).toMatch(/^2: .*a workspace is named by its id/s);
    expect(await wrong('--workspace', workspaceId, '--type', 'work.Nothing')).toMatch(/^2: .*no such type/s);
    expect(await wrong('--workspace', workspaceId, '--from', 'yesterday')).toMatch(/^2: .*an instant is such as/s);
    expect(await wrong('--workspace', v7())).toMatch(/^1: .*has no events of workspace/s);
    expect(await wrong('--workspace', workspaceId, '--checkpoint', '99')).toMatch(/^3: .*there is no checkpoint 99/s);
    expect(existsSync(place('wrong'))).toBe(false);
  }, 120_000);
});
