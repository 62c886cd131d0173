import { randomInt } from 'node:crypto';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { v7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AuditFailure } from '../../src/adapters/audit/audit-failure.js';
import type { EntrySource, LogEntry } from '../../src/adapters/audit/entry.js';
import { exportWorkspace, type Exported, type ExportRequest } from '../../src/adapters/audit/export-workspace.js';
import { extendChain } from '../../src/adapters/audit/extend-chain.js';
import type { FormatName } from '../../src/adapters/audit/formats.js';
import { proveEvent, verifyProof } from '../../src/adapters/audit/inclusion.js';
import { leafHash, LeafRange } from '../../src/adapters/audit/merkle.js';
import { detach, sha256, sign } from '../../src/adapters/audit/signed.js';
import { verifyExport, type Verification } from '../../src/adapters/audit/verify-export.js';
import { loadSigningKey } from '../../src/adapters/tokens/signing-key.js';
import type { LogPosition } from '../../src/domain/shared/recorded-event.js';
import { memberAdded } from '../../src/domain/workspaces/member.events.js';
import { AuditLog } from '../support/audit-log.js';
import { scratchFolder } from '../support/scratch-folder.js';

const workspaceId = v7();
const other = v7();
const FORMATS: readonly FormatName[] = ['jsonl', 'csv', 'cloudevents'];

let log: AuditLog;
let folder: string;
let scratch: string;
/** Made once: what was exported is altered in copies. */
const exports = new Map<string, Exported>();

async function exportTo(name: string, more: Partial<ExportRequest> = {}): Promise<Exported> {
  const request = { format: 'jsonl' as const, filter: {}, gzip: false, ...log.of(workspaceId), ...more };
  return exportWorkspace({ out: join(folder, name), ...request });
}

const verify = (path: string, checkpoints: readonly string[] = []): Promise<Verification> =>
  verifyExport({ folder: path, key: log.key.publicKey, checkpoints });

/** The file with the events of an export. */
async function eventsOf(path: string): Promise<string> {
  const name = (await readdir(path)).find((file) => file.startsWith('events.'));
  return join(path, name ?? '');
}

/** A copy of an export that somebody has laid hands on; and what the verification finds. */
async function altered(name: string, alter: (path: string) => Promise<void>): Promise<readonly string[]> {
  const copy = join(scratch, 'copy');
  await rm(copy, { recursive: true, force: true });
  await cp(join(folder, name), copy, { recursive: true });
  await alter(copy);
  return (await verify(copy)).problems.map(({ what }) => what);
}

const killed: EntrySource = async function* () {
  yield* [];
  throw new Error('killed');
};

/** Does something to the lines of the events. */
const withLines =
  (change: (lines: string[]) => string[]) =>
  async (path: string): Promise<void> => {
    const file = await eventsOf(path);
    const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
    await writeFile(file, change(lines).map((line) => `${line}\n`).join('')); // prettier-ignore
  };

beforeAll(async () => {
  folder = scratchFolder('audit');
  log = await AuditLog.start(folder);
  await log.addMembers([workspaceId, other], 200);
  await extendChain(log.of(workspaceId));
  await log.addMembers([workspaceId, other], 250);
  await extendChain(log.of(workspaceId));
  await log.addMembers([workspaceId, other], 10);
  for (const format of FORMATS) exports.set(format, await exportTo(format, { format }));
  exports.set('zipped', await exportTo('zipped', { gzip: true }));
  exports.set('filtered', await exportTo('filtered', { filter: { actorId: 'bob' } }));
}, 120_000);
afterAll(async () => {
  await log.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  scratch = scratchFolder('audit');
});
afterEach(() => rm(scratch, { recursive: true }));

describe('an export', () => {
  it('has every event of the workspace and none of another, in every format', async () => {
    for (const [name, { manifest }] of exports) {
      expect(manifest, name).toMatchObject({ workspaceId, tree: { size: 2_300 } });
      expect(await verify(join(folder, name)), name).toMatchObject({ verified: true, problems: [] });
    }
    const lines = (await readFile(join(folder, 'jsonl/events.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(2_300);
    expect(new Set(lines.map((line) => JSON.parse(line).metadata.workspaceId))).toEqual(new Set([workspaceId]));
    const unzipped = gunzipSync(await readFile(join(folder, 'zipped/events.jsonl.gz'))).toString('utf8');
    expect(unzipped).toBe(await readFile(join(folder, 'jsonl/events.jsonl'), 'utf8'));
  });

  it('holds the bytes of the log, hashed as anybody can', async () => {
    const lines = (await readFile(join(folder, 'jsonl/events.jsonl'))).toString('latin1').split('\n').slice(0, -1);
    const tree = new LeafRange(0);
    for (const line of lines) tree.append(leafHash(Buffer.from(line, 'latin1')));
    expect(tree.root().toString('hex')).toBe(exports.get('jsonl')?.checkpoint.root);
    const slice = await log.store.readStream(JSON.parse(lines[0] ?? '').stream);
    expect(JSON.parse(Buffer.from(lines[0] ?? '', 'latin1').toString()).data).toEqual(slice?.events[0]?.data);
  });

  it('is the same byte for byte from the same checkpoint', async () => {
    const number = exports.get('jsonl')?.checkpoint.number ?? 0;
    const again = { ...log.of(workspaceId), format: 'jsonl' as const, filter: {}, gzip: false, checkpoint: number };
    await exportWorkspace({ ...again, out: join(scratch, 'again') });
    for (const file of await readdir(join(folder, 'jsonl')))
      expect((await readFile(join(scratch, 'again', file))).equals(await readFile(join(folder, 'jsonl', file))), file).toBe(true); // prettier-ignore
  });

  it('reaches to an older checkpoint when asked', async () => {
    const { manifest } = await exportWorkspace({ ...log.of(workspaceId), out: join(scratch, 'older'), format: 'csv', filter: {}, gzip: true, checkpoint: 1 }); // prettier-ignore
    expect(manifest.tree.size).toBe(1_000);
    expect((await verify(join(scratch, 'older'))).verified).toBe(true);
  });

  it('goes on where it was broken off, and is then what it would have been', async () => {
    // Every page is worth a line in the journal, as if a second had passed.
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 1_000));
    const { checkpoint } = exports.get('filtered') ?? {};
    const request = { ...log.of(workspaceId), filter: { actorId: 'bob' }, gzip: false, format: 'jsonl' as const, checkpoint: checkpoint?.number }; // prettier-ignore
    const out = join(scratch, 'resumed');
    let pagesRead = 0;
    // Pages of a hundred, however the log came, and a break after some of them.
    const breaking = (pages: number): EntrySource =>
      async function* (after, until) {
        let left = pages;
        let page: LogEntry[] = [];
        let readTo: LogPosition | undefined;
        for await (const read of request.source(after, until)) {
          for (const entry of read.entries) {
            page.push(entry);
            if (page.length < 100) continue;
            if (left-- === 0) throw new Error('killed');
            pagesRead++;
            const [commit = 0n, prepare = 0n] = entry.position.split('/').map(BigInt);
            yield { entries: page, readTo: { commit, prepare } };
            page = [];
          }
          ({ readTo } = read);
        }
        if (readTo) yield { entries: page, readTo };
      };
    for (const pages of [3, 1, 7]) {
      await expect(exportWorkspace({ ...request, out, source: breaking(pages) })).rejects.toThrow('killed');
      // What a kill leaves behind the last entry of the journal.
      await writeFile(join(`${out}.unfinished`, 'events.jsonl'), 'half a li', { flag: 'a' });
    }
    await exportWorkspace({ ...request, out, source: breaking(Infinity) });
    clock.mockRestore();
    // All of it once, and what stood behind the last line of the journal again.
    expect(pagesRead).toBeLessThan(2_300 / 100 + 4);
    for (const file of await readdir(join(folder, 'filtered')))
      expect((await readFile(join(out, file))).equals(await readFile(join(folder, 'filtered', file))), file).toBe(true); // prettier-ignore
    expect(await readdir(scratch)).toEqual(['resumed']);
  });

  it('is not mixed with another that was broken off, nor written over', async () => {
    const out = join(scratch, 'mixed');
    const request = { ...log.of(workspaceId), out, format: 'jsonl' as const, filter: {}, gzip: false, checkpoint: 1 };
    await expect(exportWorkspace({ ...request, source: killed })).rejects.toThrow('killed');
    await expect(exportWorkspace({ ...request, format: 'csv' })).rejects.toMatchObject({ code: 'OTHER_EXPORT' });
    await exportWorkspace(request);
    await expect(exportWorkspace(request)).rejects.toMatchObject({ code: 'OTHER_EXPORT' });
  });

  it('of a workspace that has no events is refused', async () => {
    const request = { ...log.of(v7()), out: join(scratch, 'none'), format: 'jsonl' as const, filter: {}, gzip: false };
    await expect(exportWorkspace(request)).rejects.toMatchObject({ code: 'NO_EVENTS' });
    expect(await readdir(scratch)).toEqual([]);
  });

  it('gives a spreadsheet no formula', async () => {
    const csv = await readFile(join(folder, 'csv/events.csv'), 'utf8');
    const cells = csv.split('\n').flatMap((line) => line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/));
    expect(cells.filter((cell) => /^"?[=+\-@\t\r]/.test(cell))).toEqual([]);
  });

  it('leaves out what the filter leaves out, and proves the rest by the hashes of what it left out', async () => {
    const { manifest } = exports.get('filtered') ?? {};
    expect(manifest).toMatchObject({ events: 1_150, tree: { size: 2_300 }, filter: { actorId: 'bob' } });
    const stream = JSON.parse((await readFile(join(folder, 'jsonl/events.jsonl'), 'utf8')).split('\n')[7] ?? '');
    const thingId = stream.stream.slice('member-'.length);
    for (const [filter, events] of [
      [{ thingId }, 5],
      [{ types: ['workspaces.MemberAdded'] }, 460],
      [{ from: '2020-01-01T00:00:00Z', until: '2999-01-01T00:00:00Z' }, 2_300],
      [{ until: '2020-01-01T00:00:00Z' }, 0],
    ] as const) {
      const name = `filtered-${JSON.stringify(filter).length}`;
      const asked = { ...filter, ...('types' in filter && { types: [...filter.types] }) };
      const made = await exportWorkspace({ ...log.of(workspaceId), out: join(scratch, name), format: 'csv', filter: asked as object, gzip: false }); // prettier-ignore
      expect(made.manifest.events).toBe(events);
      expect(await verify(join(scratch, name))).toMatchObject({ verified: true });
    }
  });
});

describe('the verification', () => {
  it('finds any byte of the events that was altered', async () => {
    for (const name of exports.keys()) {
      for (let round = 0; round < 15; round++) {
        let place = -1;
        const problems = await altered(name, async (path) => {
          const file = await eventsOf(path);
          const bytes = await readFile(file);
          place = randomInt(bytes.length);
          bytes[place] = (bytes[place] ?? 0) ^ (1 << randomInt(8));
          await writeFile(file, bytes);
        });
        expect(problems, `${name}, byte ${place}`).not.toEqual([]);
      }
    }
  });

  it('finds an event that was removed, moved, repeated, added or changed, and says where', async () => {
    const cases: Record<string, (lines: string[]) => string[]> = {
      removed: (lines) => lines.toSpliced(1_500, 1),
      moved: (lines) => lines.toSpliced(1_500, 2, lines[1_501] ?? '', lines[1_500] ?? ''),
      repeated: (lines) => lines.toSpliced(1_500, 0, lines[1_500] ?? ''),
      added: (lines) => [...lines, (lines.at(-1) ?? '').replace('"revision":4', '"revision":5')],
      'first removed': (lines) => lines.slice(1),
      truncated: (lines) => lines.slice(0, -3),
      emptied: () => [],
      changed: (lines) => lines.with(1_500, (lines[1_500] ?? '').replace('"ann"', '"bob"').replace('"bob"', '"eve"')),
    };
    for (const [name, change] of Object.entries(cases))
      expect(await altered('jsonl', withLines(change)), name).toContain('EVENTS');
    await altered('jsonl', withLines(cases['moved'] ?? ((lines) => lines)));
    const [problem] = (await verify(join(scratch, 'copy'))).problems;
    expect(problem?.message).toMatch(/first difference is among events 1001 to 2000/);
  });

  it('finds what was cut off in the middle of a line, or put behind the end', async () => {
    const cut = altered('jsonl', async (path) => {
      const file = await eventsOf(path);
      await writeFile(file, (await readFile(file)).subarray(0, -10));
    });
    expect(await cut).toContain('EVENTS');
    const behind = altered('zipped', async (path) => writeFile(await eventsOf(path), Buffer.alloc(600_000), { flag: 'a' })); // prettier-ignore
    expect(await behind).not.toEqual([]);
  });

  it('finds a column that says something else than its event', async () => {
    const csv = withLines((lines) => lines.with(3, (lines[3] ?? '').replace(',user,ann,', ',user,eve,')));
    expect(await altered('csv', csv)).toContain('EVENTS');
    const cloud = withLines((lines) => lines.with(3, (lines[3] ?? '').replace('"actor":"user:', '"actor":"system:')));
    expect(await altered('cloudevents', cloud)).toContain('EVENTS');
    expect(await altered('csv', withLines((lines) => lines.with(0, lines[0]?.replace('actor_id', 'actor') ?? '')))).toContain('EVENTS'); // prettier-ignore
  });

  it('finds an event of a filtered export that was made one of those left out', async () => {
    const problems = await altered('filtered', async (path) => {
      const lines = (await readFile(join(path, 'events.jsonl'), 'utf8')).split('\n').slice(0, -1);
      const index = (await proveEvent(path, JSON.parse(lines[0] ?? '').id)).index;
      const omitted = (await readFile(join(path, 'omitted.jsonl'), 'utf8')).split('\n');
      const behind = omitted.findIndex((line) => line !== '' && JSON.parse(line).leaf > index);
      const hash = leafHash(Buffer.from(lines[0] ?? '')).toString('hex');
      await writeFile(join(path, 'omitted.jsonl'), omitted.toSpliced(behind, 0, JSON.stringify({ leaf: index, level: 0, hash })).join('\n')); // prettier-ignore
      await writeFile(join(path, 'events.jsonl'), lines.slice(1).map((line) => `${line}\n`).join('')); // prettier-ignore
    });
    expect(problems).toEqual(['EVENTS', 'FILE', 'FILE']);
    for (let round = 0; round < 20; round++) {
      const flipped = altered('filtered', async (path) => {
        const bytes = await readFile(join(path, 'omitted.jsonl'));
        const place = randomInt(bytes.length);
        bytes[place] = (bytes[place] ?? 0) ^ 1;
        await writeFile(join(path, 'omitted.jsonl'), bytes);
      });
      expect(await flipped).not.toEqual([]);
    }
  });

  it('finds any byte of the manifest, of its signature and of the checkpoints that was altered', async () => {
    for (const file of ['manifest.json', 'manifest.jws', 'checkpoints.jsonl']) {
      for (let round = 0; round < 40; round++) {
        const problems = await altered('jsonl', async (path) => {
          const bytes = await readFile(join(path, file));
          const place = randomInt(bytes.length);
          bytes[place] = (bytes[place] ?? 0) ^ (1 << randomInt(8));
          await writeFile(join(path, file), bytes);
        });
        expect(problems, file).not.toEqual([]);
      }
      expect(await altered('jsonl', (path) => rm(join(path, file))), file).not.toEqual([]);
    }
    expect(await altered('jsonl', async (path) => rm(await eventsOf(path)))).toEqual(['FILE']);
  });

  it('takes no manifest but the one that lies there, whatever else is signed', async () => {
    const problems = await altered('jsonl', async (path) => {
      const text = await readFile(join(path, 'manifest.json'));
      const whole = await sign(log.key, text);
      await writeFile(join(path, 'manifest.jws'), `${whole}\n`);
      await writeFile(join(path, 'manifest.json'), text.toString().replace('2300', '9999'));
    });
    expect(problems).toEqual(['MANIFEST']);
  });

  it('finds a checkpoint that another key has signed', async () => {
    const forger = await loadSigningKey(scratch, undefined, 'audit');
    const problems = await altered('jsonl', async (path) => {
      const file = join(path, 'checkpoints.jsonl');
      const links = (await readFile(file, 'utf8')).trimEnd().split('\n').map((line) => JSON.parse(line)); // prettier-ignore
      const payload = Buffer.from(links.at(-1).checkpoint.split('.')[1], 'base64url');
      links.at(-1).checkpoint = await sign(forger, payload);
      await writeFile(file, links.map((link) => `${JSON.stringify(link)}\n`).join('')); // prettier-ignore
    });
    expect(problems).toContain('CHECKPOINTS');
    expect(await verifyExport({ folder: join(folder, 'jsonl'), key: forger.publicKey })).toMatchObject({
      verified: false,
    });
  });

  it('finds a chain that was cut, at its beginning, in the middle or at its end, also when the manifest is signed anew', async () => {
    for (const [what, cut] of [
      ['the first', (lines: string[]) => lines.slice(1)],
      ['one in between', (lines: string[]) => lines.toSpliced(1, 1)],
      ['the last', (lines: string[]) => lines.slice(0, -1)],
      ['two changed places', (lines: string[]) => [lines[1] ?? '', lines[0] ?? '', ...lines.slice(2)]],
    ] as const) {
      const problems = await altered('jsonl', async (path) => {
        const file = join(path, 'checkpoints.jsonl');
        const text = `${cut((await readFile(file, 'utf8')).trimEnd().split('\n')).join('\n')}\n`;
        await writeFile(file, text);
        const manifest = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8'));
        Object.assign(manifest.files.checkpoints, { bytes: text.length, sha256: sha256(text) });
        await writeFile(join(path, 'manifest.json'), JSON.stringify(manifest));
        await writeFile(join(path, 'manifest.jws'), `${detach(await sign(log.key, Buffer.from(JSON.stringify(manifest))))}\n`); // prettier-ignore
      });
      expect(problems, what).toEqual(['CHECKPOINTS']);
    }
  });

  it('finds that the export ends before a checkpoint that was kept, or that two histories were signed', async () => {
    const { chain } = await log.checkpoints(workspaceId).read(log.key.publicKey);
    const jsonl = join(folder, 'jsonl');
    const number = exports.get('jsonl')?.checkpoint.number ?? 0;
    const kept = chain.slice(0, number).map(({ signed }) => signed);
    expect(await verify(jsonl, kept)).toMatchObject({ verified: true });
    // Another chain over the same log, by the same key.
    const fork = log.checkpoints(workspaceId, join(scratch, 'fork'));
    const { checkpoint: forked } = await extendChain({ ...log.of(workspaceId), folder: fork });
    expect((await verify(jsonl, [forked.signed])).problems).toMatchObject([{ what: 'FORKED' }]);
    // And one that knows more of the log than the export.
    await exportWorkspace({ ...log.of(workspaceId), out: join(scratch, 'short'), format: 'jsonl', filter: {}, gzip: false, checkpoint: 1 }); // prettier-ignore
    const short = await verify(join(scratch, 'short'), [chain[1]?.signed ?? '']);
    expect(short.problems).toMatchObject([{ what: 'TRUNCATED' }]);
    const { checkpoint: others } = await extendChain(log.of(other));
    expect((await verify(jsonl, [others.signed])).problems).toMatchObject([{ what: 'CHECKPOINTS' }]);
  });
});

describe('the proof of one event', () => {
  it('leads from any event of any export to the signed root, with the public key alone', async () => {
    for (const name of exports.keys()) {
      const lines = (await readFile(join(folder, 'jsonl/events.jsonl'), 'utf8')).trimEnd().split('\n');
      const bobs = lines.filter((line) => name !== 'filtered' || JSON.parse(line).metadata.actor.id === 'bob');
      for (const line of [bobs[0], bobs.at(-1), bobs[randomInt(bobs.length)]]) {
        const event = JSON.parse(line ?? '');
        const proof = await proveEvent(join(folder, name), event.id);
        expect(proof).toMatchObject({ entry: line, index: lines.indexOf(line ?? ''), size: 2_300 });
        expect(await verifyProof(JSON.stringify(proof), log.key.publicKey)).toMatchObject({ verified: true, entry: event }); // prettier-ignore
        expect(await proveEvent(join(folder, name), `${event.stream}@${event.revision}`)).toEqual(proof);
      }
    }
  });

  it('proves nothing of an event that was altered, of another place, or with another key', async () => {
    const [line] = (await readFile(join(folder, 'jsonl/events.jsonl'), 'utf8')).split('\n');
    const proof = await proveEvent(join(folder, 'jsonl'), JSON.parse(line ?? '').id);
    const check = (change: object): ReturnType<typeof verifyProof> =>
      verifyProof(JSON.stringify({ ...proof, ...change }), log.key.publicKey);
    expect(await check({})).toMatchObject({ verified: true });
    expect(await check({ entry: proof.entry.replace('member', 'viewer') })).toMatchObject({ verified: false });
    expect(await check({ index: 1 })).toMatchObject({ verified: false });
    expect(await check({ size: proof.size - 1 })).toMatchObject({ verified: false });
    expect(await check({ path: proof.path.slice(1) })).toMatchObject({ verified: false });
    const forger = await loadSigningKey(scratch, undefined, 'audit');
    expect(await verifyProof(JSON.stringify(proof), forger.publicKey)).toMatchObject({ verified: false });
    await expect(proveEvent(join(folder, 'filtered'), JSON.parse(line ?? '').id)).rejects.toMatchObject({ code: 'NO_SUCH_EVENT' }); // prettier-ignore
  });
});

describe('the chain of checkpoints', () => {
  it('signs with each the same tree as a whole pass over the log, and grows only when there is something new', async () => {
    const own = log.checkpoints(other, join(scratch, 'own'));
    const request = { ...log.of(other), folder: own };
    const first = await extendChain(request);
    expect(first).toMatchObject({ added: 2_300, checkpoint: { number: 1, previous: null } });
    expect(await extendChain(request)).toEqual({ checkpoint: first.checkpoint, added: 0 });
    await log.addMembers([other], 3);
    const second = await extendChain(request);
    expect(second).toMatchObject({ added: 15, checkpoint: { number: 2, previous: sha256(first.checkpoint.signed) } });
    const whole = await extendChain({ ...request, folder: log.checkpoints(other, join(scratch, 'whole')) });
    expect(second.checkpoint.root).toBe(whole.checkpoint.root);
    expect((await own.read(log.key.publicKey)).chain).toHaveLength(2);
  });

  it('is one chain when two processes extend it at once', async () => {
    const request = { ...log.of(other), folder: log.checkpoints(other, join(scratch, 'two')) };
    const both = await Promise.all([extendChain(request), extendChain(request)]);
    expect(both.map(({ checkpoint }) => checkpoint.signed)).toEqual(Array(2).fill(both[0].checkpoint.signed));
  });

  it('is refused when a file of it was altered or taken out', async () => {
    await cp(join(folder, 'checkpoints'), join(scratch, 'cut'), { recursive: true });
    const cut = log.checkpoints(workspaceId, join(scratch, 'cut'));
    await rm(join(scratch, 'cut', workspaceId, '000002.json'));
    await expect(cut.read(log.key.publicKey)).rejects.toMatchObject({ code: 'CHAIN_BROKEN' });
    const names = await readdir(join(scratch, 'cut', workspaceId));
    const last = join(scratch, 'cut', workspaceId, names.toSorted().at(-1) ?? '');
    const file = JSON.parse(await readFile(last, 'utf8'));
    await writeFile(last, JSON.stringify({ ...file, subtrees: file.subtrees.toReversed() }));
    await expect(cut.end(log.key.publicKey)).rejects.toMatchObject({ code: 'CHAIN_BROKEN' });
  });
});

describe('a log that was altered after it was signed', () => {
  it('is found by the next export, with the place, whether an event was changed or the end was cut off', async () => {
    const own = await AuditLog.start(scratchFolder('audit'));
    try {
      await own.addMembers([workspaceId], 20);
      await extendChain(own.of(workspaceId));
      await own.append(workspaceId, `member-${v7()}`, [memberAdded({ name: 'Eve', email: null, role: 'owner' })]);
      await extendChain(own.of(workspaceId));
      const request = { ...own.of(workspaceId), format: 'jsonl' as const, filter: {}, gzip: false };
      // The log as a database administrator would leave it, or a server that has lost its end.
      const rewritten: EntrySource = async function* (after, until) {
        for await (const page of request.source(after, until)) {
          const entries = page.entries.map((entry) =>
            'text' in entry.data ? { ...entry, data: { text: entry.data.text.replace('owner', 'viewer') } } : entry,
          );
          yield { ...page, entries };
        }
      };
      const cutOff: EntrySource = async function* (after, until) {
        let left = 90;
        for await (const page of request.source(after, until)) {
          yield { ...page, entries: page.entries.slice(0, left) };
          left = Math.max(0, left - page.entries.length);
        }
      };
      const failure = async (source: EntrySource): Promise<AuditFailure> =>
        exportWorkspace({ ...request, source, out: join(scratch, 'altered'), checkpoint: 2 }).then(
          () => Promise.reject(new Error('it was exported')),
          (error: AuditFailure) => error,
        );
      expect(await failure(rewritten)).toMatchObject({ code: 'LOG_ALTERED', message: expect.stringMatching(/first difference is among events 101 to 101/) }); // prettier-ignore
      expect(await failure(cutOff)).toMatchObject({ code: 'LOG_ALTERED', message: expect.stringMatching(/has 90 events.*101 were signed/) }); // prettier-ignore
      expect(await readdir(scratch)).toEqual([]);
    } finally {
      await own.close();
      await rm(own.folder, { recursive: true });
    }
  });
});
