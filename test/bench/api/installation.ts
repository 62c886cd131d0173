/** A `teampulse up` of the build in a folder of its own, with a workspace, people, projects and labels in it. */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { v7 } from 'uuid';
import { readRunning, type Running } from '../../../src/adapters/config/running.js';
import { loadSigningKey } from '../../../src/adapters/tokens/signing-key.js';
import { TokenService } from '../../../src/adapters/tokens/token-service.js';
import { createTestWorkspace } from '../../support/real-data.js';
import { scratchFolder } from '../../support/scratch-folder.js';

const MAIN = resolve('dist/cli/main.js');
const PROJECTS = 10;
const MEMBERS = 20;
const LABELS = 10;

export interface Installation {
  readonly folder: string;
  readonly up: ChildProcess;
  readonly running: Running;
  readonly origin: string;
  readonly token: string;
  stop(): Promise<void>;
}

export async function startInstallation(): Promise<Installation> {
  if (!existsSync(MAIN)) throw new Error('there is no build: run `npm run build` first');
  const folder = scratchFolder('bench');
  const { PATH, HOME } = process.env;
  const env = { ...(PATH && { PATH }), ...(HOME && { HOME }), TEAMPULSE_DATA: folder, HTTP_PORT: '0', LOG_LEVEL: 'warn' }; // prettier-ignore
  const up = spawn(process.execPath, [MAIN, 'up'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = async (): Promise<void> => {
    if (up.exitCode === null && up.kill('SIGTERM')) await once(up, 'exit');
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await new Promise<void>((ready, fail) => {
      up.stdout.on('data', (data: Buffer) => data.includes('is ready at') && ready());
      up.once('exit', (code) => fail(new Error(`teampulse up ended with ${code}`)));
    });
    const running = readRunning(folder);
    if (!running) throw new Error('teampulse up left no note of where its parts are');
    const workspaceId = v7();
    await createTestWorkspace(running.eventstoreUrl, workspaceId);
    const tokens = new TokenService(await loadSigningKey(folder));
    const token = await tokens.create({ workspaceId, subject: 'bench', role: 'owner' }, 86_400);
    return { folder, up, running, origin: `http://${running.httpHost}:${running.httpPort}`, token, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A mutation as `verb thing`, refused never. @returns the new thing's id and where the log stands */
export async function make(
  { origin, token }: Pick<Installation, 'origin' | 'token'>,
  mutation: string,
  input: object,
): Promise<{ readonly id: string; readonly position: string }> {
  const [type, thing] = [`${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input`, mutation.replace(/^[a-z]+/, '').toLowerCase()]; // prettier-ignore
  const query = `mutation($input: ${type}!) { made: ${mutation}(input: $input) { thing: ${thing} { id } position userErrors { message } } }`;
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const text = await response.text();
  const { data } = JSON.parse(text) as { data?: { made: { thing: { id: string } | null; position: string } } };
  if (!data?.made.thing) throw new Error(`${mutation} failed: ${text}`);
  return { id: data.made.thing.id, position: data.made.position };
}

export interface Things {
  readonly projectIds: readonly string[];
  readonly memberIds: readonly string[];
  readonly labelIds: readonly string[];
}

export async function makeThings(installation: Installation): Promise<Things> {
  const many = async (count: number, mutation: string, input: (n: number) => object): Promise<string[]> =>
    Promise.all(Array.from({ length: count }, async (_, n) => (await make(installation, mutation, input(n))).id));
  return {
    projectIds: await many(PROJECTS, 'createProject', (n) => ({ key: `P${n}`, name: `Project ${n}` })),
    memberIds: await many(MEMBERS, 'addMember', (n) => ({ name: `Member ${n}` })),
    labelIds: await many(LABELS, 'createLabel', (n) => ({ name: `Label ${n}` })),
  };
}

/** Two of them, others for each `n`. */
const pick = (ids: readonly string[], n: number): string[] => [0, 7].map((step) => ids[(n + step) % ids.length] ?? '');

/** The newest hundred tasks, each with two people and two labels: what the list shows. */
export async function makeListedTasks(installation: Installation, things: Things): Promise<void> {
  for (let n = 0; n < 100; n += 1) {
    await make(installation, 'createTask', {
      projectId: things.projectIds[n % things.projectIds.length],
      title: `Listed task ${n}`,
      assigneeIds: pick(things.memberIds, n),
      labelIds: pick(things.labelIds, n),
    });
  }
}

/** A helper process beside this file, which is told over IPC what to do and answers each message with one. */
export class Helper {
  readonly child: ChildProcess;

  constructor(name: string) {
    this.child = fork(fileURLToPath(new URL(`./${name}.js`, import.meta.url)));
  }

  async says<Answer>(): Promise<Answer> {
    return new Promise((done, fail) => {
      const ended = (code: number | null): void => fail(new Error(`a helper of the bench ended with ${code}`));
      this.child.once('exit', ended);
      this.child.once('message', (answer) => {
        this.child.off('exit', ended);
        done(answer as Answer);
      });
    });
  }

  async ask<Answer>(job: object): Promise<Answer> {
    const answer = this.says<Answer>();
    this.child.send(job);
    return answer;
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.disconnect();
    await once(this.child, 'exit');
  }
}
