/** What is printed: each figure with what was wanted, and with this machine's pace taken into account. */
import { Child } from './child.js';
import { cpuLoopMs, machineTime, sharesSince, type MachineTime } from '../api/machine.js';
import type { LoadJob, LoadResult } from '../api/load.js';
import type { Peers } from '../api/peers.js';
import { total, type Micros } from './meter.js';

/** `{ ok }` a second from Apollo Server on Fastify on the machine that the targets were made for: see docs/performance.md. */
const APOLLO_PER_SECOND = 29_700;

export const whole = (value: number): string => Math.round(value).toLocaleString('en');
export const percent = (part: number): string => `${(part * 100).toFixed(0)} %`;
export const times = (ratio: number): string => `${ratio.toFixed(2)} times`;
export const say = (line: string): void => console.log(line);

/** Of this machine, as a share of that one's. What others take of it meanwhile is missing from it, as from all that follows. */
export async function measurePace(): Promise<number> {
  const peers = new Child('../api/peers.js');
  const { apollo } = await peers.says<Peers>();
  const load = new Child('../api/load.js');
  const job: LoadJob = { work: 'trivial', origin: apollo, token: '', projectIds: [], seconds: 4 };
  await load.ask(job);
  const { perSecond } = await load.ask<LoadResult>(job);
  await Promise.all([peers.end(), load.end()]);
  const pace = perSecond / APOLLO_PER_SECOND;
  say(`Apollo Server on Fastify answers { ok } ${whole(perSecond)} times a second: ${percent(pace)} of the pace of the machine that the targets were made for; CPU loop ${cpuLoopMs().toFixed(0)} ms`); // prettier-ignore
  return pace;
}

/** Microseconds of processor time for each event, by part, and the rate that they would allow if nothing else ran on two cores. */
export function costOf(micros: Micros, events: number): { readonly text: string; readonly atMost: number } {
  const each = [...micros].map(([part, sum]): [string, number] => [part, sum / events]);
  const busiest = Math.max(...each.filter(([part]) => !part.startsWith('postgres')).map(([, value]) => value));
  const sum = total(micros) / events;
  const text = each.map(([part, value]) => `${part} ${value.toFixed(1)}`).join(', ');
  return { text: `CPU µs each: ${text}, together ${sum.toFixed(1)}`, atMost: 1e6 / Math.max(sum / 2, busiest) };
}

export class Machine {
  readonly #before: MachineTime = machineTime();

  toString(): string {
    const { idle, stolen, others } = sharesSince(this.#before);
    return `both cores idle ${percent(idle)}, stolen ${percent(stolen)}, taken by others ${percent(others)}`;
  }
}
