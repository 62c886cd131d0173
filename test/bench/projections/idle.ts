/** Processor time while nothing happens: of a worker and its Postgres, and of a whole `teampulse up`, without and with subscribers. */
import { setTimeout as delay } from 'node:timers/promises';
import { startInstallation } from '../api/installation.js';
import { PARTS, Processes } from '../api/processes.js';
import type { SubscribersJob } from '../api/subscribers.js';
import { Child } from './child.js';
import type { ReadModels } from './installation.js';
import { since, total, type Micros } from './meter.js';
import { say, whole } from './report.js';

const SUBSCRIBERS = 1_000;
/** What the last thing that happened leaves behind: statistics, checkpoints that are stored late. */
const SETTLE_MS = 3_000;

export async function idleBench(models: ReadModels, seconds: number): Promise<void> {
  const meter = models.meter();
  tell('a worker with its event store and Postgres', await idle(() => meter.micros(), seconds), seconds);
  const installation = await startInstallation();
  const subscribers = new Child('../api/subscribers.js');
  try {
    const { up, folder, origin, token } = installation;
    const processes = Processes.of(up.pid ?? 0, folder);
    const micros = (): Micros => new Map(PARTS.map((part) => [part, processes.cpuMicros().get(part) ?? 0]));
    tell('a whole `up`', await idle(micros, seconds), seconds);
    await subscribers.ask({ open: SUBSCRIBERS, origin, token } satisfies SubscribersJob);
    tell(`a whole \`up\` with ${whole(SUBSCRIBERS)} subscribers`, await idle(micros, seconds), seconds);
  } finally {
    await subscribers.end();
    await installation.stop();
  }
}

async function idle(micros: () => Micros, seconds: number): Promise<Micros> {
  await delay(SETTLE_MS);
  const before = micros();
  await delay(seconds * 1_000);
  return since(before, micros());
}

function tell(what: string, micros: Micros, seconds: number): void {
  const perMinute = (value: number): string => ((value / 1_000_000) * (60 / seconds)).toFixed(2);
  const parts = [...micros].filter(([, value]) => value > 0).map(([part, value]) => `${part} ${perMinute(value)}`);
  say(`${perMinute(total(micros)).padStart(9)} s of processor time a minute, idle: ${what} (${parts.join(', ') || 'none'}); wanted near none`); // prettier-ignore
}
