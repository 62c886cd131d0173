import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { childrenOf, isRunning, teampulse, TeampulseProcess } from '../support/teampulse-process.js';
import { scratchFolder } from '../support/scratch-folder.js';

const READY = /ready at (http:\S+)/;

const addressOf = async (process: TeampulseProcess): Promise<string> => (await process.says(READY))[1] ?? '';
const partsOf = (process: TeampulseProcess): number[] => [...childrenOf(process.child.pid ?? 0).keys()];
const partNamed = (process: TeampulseProcess, name: string): number | undefined =>
  [...childrenOf(process.child.pid ?? 0)].find(([, command]) => command.includes(`main.js ${name}`))?.[0];
const answers = async (address: string): Promise<boolean> => {
  try {
    return (await fetch(`${address}/health`)).ok;
  } catch {
    return false;
  }
};

/** Linux tells the children of a process; elsewhere these tests can't look. */
describe.runIf(existsSync('/proc/self/stat'))('teampulse up', () => {
  let folder: string;
  let environment: Record<string, string>;
  const started: TeampulseProcess[] = [];

  beforeAll(() => {
    folder = scratchFolder('up');
    environment = { TEAMPULSE_DATA: folder, HTTP_PORT: '0' };
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map(async (process) => process.stop()));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function up(more: Readonly<Record<string, string>> = {}): TeampulseProcess {
    const process = new TeampulseProcess(['up'], { ...environment, ...more });
    started.push(process);
    return process;
  }

  it('starts everything in an empty folder with nothing configured, and stops it all on SIGTERM', async () => {
    const first = up();
    const address = await addressOf(first);
    expect(await answers(address)).toBe(true);
    const parts = partsOf(first);
    expect(parts.length).toBeGreaterThanOrEqual(4);

    const before = performance.now();
    expect((await first.stop('SIGTERM')).code).toBe(0);
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(parts.filter(isRunning)).toEqual([]);
    expect(existsSync(join(folder, 'running.json'))).toBe(false);
  }, 90_000);

  describe('while it runs', () => {
    let running: TeampulseProcess;
    let address: string;
    beforeAll(async () => {
      running = new TeampulseProcess(['up'], { ...environment, LOG_LEVEL: 'debug' });
      address = await addressOf(running);
    }, 90_000);
    afterAll(async () => running.stop());

    it('keeps its folder from another one, which says which process has it', async () => {
      const second = await up().ended;
      expect(second.code).toBe(1);
      expect(second.stderr).toContain(`in use by process ${running.child.pid}`);
      expect(second.stderr).toContain('TEAMPULSE_DATA');
      expect(second.stderr.trim().split('\n')).toHaveLength(1);
    }, 90_000);

    it.each(['eventstore', 'worker', 'api'])(
      'starts a killed %s again, at the same address',
      async (name) => {
        const victim = partNamed(running, name);
        expect(victim).toBeDefined();
        process.kill(victim ?? 0, 'SIGKILL');
        await vi.waitUntil(() => ![undefined, victim].includes(partNamed(running, name)), {
          timeout: 20_000,
          interval: 20,
        });
        await vi.waitUntil(async () => answers(address), { timeout: 20_000, interval: 50 });
      },
      90_000,
    );

    it('keeps its passwords to itself, in its files and in its messages, those of restarts too', async () => {
      expect(statSync(join(folder, 'running.json')).mode & 0o777).toBe(0o600);
      const { databaseUrl, databaseApiUrl } = JSON.parse(readFileSync(join(folder, 'running.json'), 'utf8')) as Record<
        string,
        string
      >;
      const { stdout, stderr } = await running.stop('SIGINT');
      for (const url of [databaseUrl, databaseApiUrl]) {
        const { password } = new URL(url ?? '');
        expect(password.length).toBeGreaterThan(20);
        expect(stdout + stderr).not.toContain(password);
      }
    }, 90_000);
  });

  it('takes another port when its own is taken', async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const taken = other.address();
    const port = typeof taken === 'object' && taken ? taken.port : 0;
    const address = await addressOf(up({ HTTP_PORT: String(port) }));
    expect(new URL(address).port).not.toBe(String(port));
    expect(await answers(address)).toBe(true);
    other.close();
  }, 90_000);

  it('leaves nobody behind when it is killed, and starts again over what it left', async () => {
    const killed = up();
    await addressOf(killed);
    const parts = partsOf(killed);
    const ours = parts.filter((pid) =>
      [...childrenOf(killed.child.pid ?? 0)].some(([id, command]) => id === pid && command.includes('main.js')),
    );
    killed.child.kill('SIGKILL');
    await killed.ended;
    await vi.waitUntil(() => ours.every((pid) => !isRunning(pid)), { timeout: 15_000, interval: 50 });
    const next = up();
    expect(await answers(await addressOf(next))).toBe(true);
    expect(parts.filter(isRunning)).toEqual([]);
  }, 120_000);
});

describe('teampulse', () => {
  it('shows its commands', async () => {
    const { code, stdout } = await teampulse(['--help']);
    expect(code).toBe(0);
    for (const name of ['up', 'demo', 'import', 'events', 'projections']) expect(stdout).toContain(name);
  });

  it.each([[['nonsense']], [['up', '--nonsense']], [['events']], [['import']]])(
    'answers %j with usage and exit code 2',
    async (args) => {
      const { code, stderr } = await teampulse(args);
      expect(code).toBe(2);
      expect(stderr).toMatch(/--help|Usage/);
    },
  );

  it('says on one line what it needs and what to do when nothing is configured', async () => {
    const { code, stderr } = await teampulse(['worker'], { TEAMPULSE_DATA: join(tmpdir(), 'teampulse-none') });
    expect(code).toBe(1);
    expect(stderr).toContain('EVENTSTORE_URL is not set');
    expect(stderr).toContain('teampulse up');
    expect(stderr).not.toContain('    at ');
  });

  it('names every problem of the configuration at once', async () => {
    const { code, stderr } = await teampulse(['up'], {
      DATABASE_URL: 'mysql://x',
      HTTP_PORT: 'many',
      LOG_LEVEL: 'loud',
    });
    expect(code).toBe(1);
    for (const key of ['DATABASE_URL', 'HTTP_PORT', 'LOG_LEVEL']) expect(stderr).toContain(key);
  });

  it.each(['/dev/null/data', '/proc/nothing/data'])(
    'says that the data folder %s can not be written',
    async (place) => {
      const { code, stderr } = await teampulse(['up'], { TEAMPULSE_DATA: place });
      expect(code).toBe(1);
      expect(stderr).toContain(place);
      expect(stderr).toContain('TEAMPULSE_DATA');
    },
  );
});
