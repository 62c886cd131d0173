/**
 * A real nats-server with JetStream. Without one the tests of the bus are skipped with one line that says so, unless
 * TEAMPULSE_REQUIRE_NATS=1 makes that a failure.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { hasProgram } from './program.js';

/** Whether tests may use a nats-server. */
export const hasNats = (): boolean =>
  hasProgram({ name: 'nats-server', requiredBy: 'TEAMPULSE_REQUIRE_NATS', skipped: 'the tests of the bus' });

export class NatsServer {
  private readonly folder = mkdtempSync(join(tmpdir(), 'teampulse-nats-'));
  private process: ChildProcess | undefined;
  private port = -1;

  /** @param config in the server's own language, beside what is set here; `$NAMES` in it are those of `environment` */
  constructor(
    private readonly config = '',
    private readonly environment: Readonly<Record<string, string>> = {},
  ) {}

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Starts it, on a free port the first time and on the same one again later. */
  async start(): Promise<void> {
    const configFile = join(this.folder, 'nats.conf');
    writeFileSync(configFile, this.config);
    const child = spawn(
      'nats-server',
      ['-c', configFile, '-a', '127.0.0.1', '-p', String(this.port), '-js', '-sd', join(this.folder, 'data'), '--ports_file_dir', this.folder],
      { stdio: 'ignore', env: { ...process.env, ...this.environment } },
    ); // prettier-ignore
    this.process = child;
    const ports = await vi.waitUntil(() => this.portsOf(child.pid), { timeout: 10_000, interval: 20 });
    this.port = Number(new URL(ports.nats[0]).port);
  }

  /** Undefined until the server has written all of it. */
  private portsOf(pid: number | undefined): { readonly nats: readonly [string] } | undefined {
    const file = readdirSync(this.folder).find((name) => name.endsWith(`_${pid}.ports`));
    const text = file === undefined ? '' : readFileSync(join(this.folder, file), 'utf8');
    return text.trimEnd().endsWith('}') ? JSON.parse(text) : undefined;
  }

  /** Kills it the hard way: what it has not stored is gone. */
  async kill(): Promise<void> {
    const child = this.process;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
