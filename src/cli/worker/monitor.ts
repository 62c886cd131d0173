/** Watching over a worker: what its health is made of, and its figures, over HTTP. */
import { setTimeout as delay } from 'node:timers/promises';
import { WorkerMetrics } from '../../adapters/metrics/worker-metrics.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { ControlRoom, type ControlRoomParts } from '../../projections/engine/control-room.js';
import { Heartbeat } from '../../projections/engine/heartbeat.js';
import type { BuildProgress, ProjectionStatus } from '../../projections/ports/projection-control.port.js';
import { serveMonitor, type Health, type MonitorServer } from '../../adapters/metrics/monitor-server.js';

/** Who asks has a time limit of his own, usually ten seconds. */
const LOOK_MS = 3_000;
/** Health and figures are asked for by several, and each look reads a little of the log where something is behind. */
const FRESH_MS = 2_000;

export interface MonitorParts extends ControlRoomParts {
  readonly host: string;
  readonly port: number;
  /** Where this worker's reader of the log stands. */
  readonly reader: () => LogPosition | undefined;
  /** Gives the reader a new connection. */
  readonly revive: () => void;
}

export interface Monitor extends MonitorServer {
  readonly metrics: WorkerMetrics;
}

interface Look {
  readonly at: number;
  readonly found: Promise<
    { readonly statuses: readonly ProjectionStatus[]; readonly progress: readonly BuildProgress[] } | undefined
  >;
}

export async function startMonitor(parts: MonitorParts): Promise<Monitor> {
  const stop = new AbortController();
  const heartbeat = new Heartbeat(parts.log, parts.reader, parts.revive);
  const room = new ControlRoom(parts);
  const metrics = new WorkerMetrics();
  let last: Look | undefined;

  /** Undefined when Postgres or the log does not answer in time. */
  const look = async (): ReturnType<() => Look['found']> => {
    if (last && performance.now() - last.at < FRESH_MS) return last.found;
    const asked = Promise.all([room.statuses(), room.progress()]).then(
      ([statuses, progress]) => ({ statuses, progress }),
      () => undefined,
    );
    last = { at: performance.now(), found: Promise.race([asked, delay(LOOK_MS, undefined, { ref: false })]) };
    return last.found;
  };
  const health = async (): Promise<Health> => {
    const { ailment } = heartbeat.pulse;
    const problems = ailment === undefined ? problemsOf((await look())?.statuses) : [ailment];
    return { ok: problems.length === 0, problems };
  };

  const server = await serveMonitor({
    host: parts.host,
    port: parts.port,
    health,
    metrics: async () => {
      const { ok } = await health();
      const found = await look();
      const { head } = heartbeat.pulse;
      return metrics.page({
        isHealthy: ok,
        head,
        reader: parts.reader(),
        statuses: found?.statuses,
        progress: found?.progress ?? [],
      });
    },
  });
  const beating = heartbeat.run(stop.signal);
  return {
    address: server.address,
    metrics,
    async close() {
      stop.abort();
      await server.close();
      await beating;
    },
  };
}

function problemsOf(statuses: readonly ProjectionStatus[] | undefined): readonly string[] {
  if (!statuses) return ['the state of the read models can not be found out: Postgres or the log does not answer'];
  return statuses.flatMap(({ name, state, builds }) => {
    if (state === 'stopped') return [`${name} is stopped at an event that it can not apply`];
    if (state === 'dead') return [`${name}: the log goes on, and no worker moves it`];
    const live = builds.find((build) => build.state === 'live');
    const lost = live?.shards.find(({ owner, isOwned }) => owner !== undefined && !isOwned);
    return lost ? [`${name}: the worker ${lost.owner} has not renewed its lease`] : [];
  });
}
