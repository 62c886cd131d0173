/**
 * The API's figures for Prometheus. Labels are kinds of operations, classes of HTTP status, names of commands, codes of refusals and
 * pools: as many series as the code has of them, never one per workspace, user, id or text of a query.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { ApiMetrics, type OpenSubscriptions, type OperationKind } from '../../api/ports/api-metrics.port.js';
import type { PoolUse } from '../postgres/pool-use.js';

/** From an answer out of memory to one that a database was waited for, in seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** How exactly the delay of the event loop is measured: a timer, which an idle process should hardly have. */
const LOOP_DELAY_EVERY_MS = 100;

export class PrometheusApiMetrics extends ApiMetrics {
  readonly #registry = new Registry();
  readonly #requests = new Histogram({ name: 'teampulse_api_request_seconds', help: 'From the arrival of a request on /graphql to the end of its answer.', labelNames: ['status'], buckets: BUCKETS, registers: [this.#registry] }); // prettier-ignore
  readonly #operations = new Histogram({ name: 'teampulse_api_operation_seconds', help: 'Carrying out a query or mutation, without parsing, checks and the network.', labelNames: ['operation', 'outcome'], buckets: BUCKETS, registers: [this.#registry] }); // prettier-ignore
  readonly #commands = new Counter({ name: 'teampulse_api_commands_total', help: 'Commands by outcome: ACCEPTED, the code of the refusal, or FAILED.', labelNames: ['command', 'outcome'], registers: [this.#registry] }); // prettier-ignore
  readonly #subscriptions = this.#gauge('subscriptions', 'Subscriptions that are open.');
  readonly #connections = this.#gauge('websocket_connections', 'WebSockets that are open.');
  readonly #pool = new Gauge({ name: 'teampulse_api_postgres_connections', help: 'Connections to Postgres by pool: those in use, and idle ones.', labelNames: ['pool', 'state'], registers: [this.#registry] }); // prettier-ignore
  readonly #waiting = new Gauge({ name: 'teampulse_api_postgres_waiting', help: 'What waits for a connection of the pool.', labelNames: ['pool'], registers: [this.#registry] }); // prettier-ignore
  readonly #ready = this.#gauge('ready', '1 when /health/ready says that all is well.');
  #open: () => OpenSubscriptions = () => ({ connections: 0, subscriptions: 0 });

  constructor() {
    super();
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: LOOP_DELAY_EVERY_MS });
  }

  override answered(status: number, seconds: number): void {
    this.#requests.observe({ status: `${Math.floor(status / 100)}xx` }, seconds);
  }

  override ran(operation: OperationKind, isOk: boolean, seconds: number): void {
    this.#operations.observe({ operation, outcome: isOk ? 'ok' : 'errors' }, seconds);
  }

  override decided(command: string, outcome: string): void {
    this.#commands.inc({ command, outcome });
  }

  override subscriptions(open: () => OpenSubscriptions): void {
    this.#open = open;
  }

  /** The page that Prometheus reads. */
  async page(isReady: boolean, pools: readonly PoolUse[]): Promise<{ readonly type: string; readonly text: string }> {
    const { connections, subscriptions } = this.#open();
    this.#connections.set(connections);
    this.#subscriptions.set(subscriptions);
    this.#ready.set(isReady ? 1 : 0);
    for (const { pool, open, idle, waiting } of pools) {
      this.#pool.set({ pool, state: 'used' }, open - idle);
      this.#pool.set({ pool, state: 'idle' }, idle);
      this.#waiting.set({ pool }, waiting);
    }
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name: `teampulse_api_${name}`, help, registers: [this.#registry] });
  }
}
