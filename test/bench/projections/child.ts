/** A process of the bench: as the product's own are run, told what to do over IPC, and never outliving the bench. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Whatever takes longer hangs. */
const DEFAULT_TIMEOUT_MS = 120_000;
const END_TIMEOUT_MS = 15_000;
/** As the parts of `teampulse up` run. */
const NODE_OPTIONS = ['--max-semi-space-size=32'];

const running = new Set<Child>();

export class Child {
  readonly process: ChildProcess;
  #hasEnded = false;

  /** @param script beside this file, or an absolute path */
  constructor(
    private readonly script: string,
    args: readonly string[] = [],
  ) {
    const file = script.startsWith('/') ? script : fileURLToPath(new URL(script, import.meta.url));
    const { PATH, HOME, TMPDIR } = process.env;
    // Nothing of the environment: a DATABASE_URL in it would be somebody's real one.
    const env = { ...(PATH && { PATH }), ...(HOME && { HOME }), ...(TMPDIR && { TMPDIR }), NODE_ENV: 'production', LOG_LEVEL: 'warn' }; // prettier-ignore
    this.process = fork(file, args, { env, execArgv: NODE_OPTIONS, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.process.once('exit', () => {
      this.#hasEnded = true;
      running.delete(this);
    });
    this.process.on('error', () => undefined);
    running.add(this);
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** Its next message. @throws what it says broke, or that it ended or said nothing */
  async says<Answer>(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Answer> {
    const answer = await new Promise<Answer | { readonly failed: string }>((resolve, reject) => {
      const fail = (why: string): void => {
        settle();
        reject(new Error(`${this.script} ${why}`));
      };
      const timer = setTimeout(() => fail(`said nothing for ${timeoutMs / 1000} s`), timeoutMs);
      const onExit = (code: number | null, signal: string | null): void => fail(`ended with ${code ?? signal}`);
      const onMessage = (message: unknown): void => {
        settle();
        resolve(message as Answer);
      };
      const settle = (): void => {
        clearTimeout(timer);
        this.process.off('exit', onExit).off('message', onMessage);
      };
      this.process.once('exit', onExit).once('message', onMessage);
      if (this.#hasEnded) fail('has ended');
    });
    if (typeof answer === 'object' && answer !== null && 'failed' in answer) {
      throw new Error(`${this.script}: ${answer.failed}`);
    }
    return answer;
  }

  async ask<Answer>(job: object, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Answer> {
    const answer = this.says<Answer>(timeoutMs);
    this.process.send(job, (error) => error && this.process.emit('message', { failed: error.message }));
    return answer;
  }

  /** By closing its channel, and by force when that is not enough. */
  async end(): Promise<void> {
    if (this.#hasEnded) return;
    const ended = once(this.process, 'exit');
    if (this.process.connected) this.process.disconnect();
    const deadline = setTimeout(() => this.process.kill('SIGKILL'), END_TIMEOUT_MS);
    await ended;
    clearTimeout(deadline);
  }
}

export async function endAll(): Promise<void> {
  await Promise.all([...running].map(async (child) => child.end()));
}

/** In a child: answers each job with what `work` gives or why it failed, one at a time, and ends with the bench. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- says which jobs it is sent
export function serve<Job>(work: (job: Job) => Promise<object>): void {
  let before: Promise<unknown> = Promise.resolve();
  process.on('message', (job: Job) => {
    before = before.then(async () => work(job)).then(say, (error: unknown) => say({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) })); // prettier-ignore
  });
  process.on('disconnect', () => process.exit());
}

export const say = (message: object): void => void process.send?.(message);

/** Milliseconds on a clock that all processes of the machine share. */
export const sharedNow = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
