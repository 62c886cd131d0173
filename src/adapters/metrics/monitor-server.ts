/** What watches a process of ours asks over HTTP: does it live, is all well with what it is for, and the figures. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';

export interface Health {
  readonly ok: boolean;
  /** What is wrong, for people; empty when nothing is. */
  readonly problems: readonly string[];
}

export interface MonitorOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly health: () => Promise<Health>;
  /** In Prometheus' text format. */
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
}

export interface MonitorServer {
  /** `http://127.0.0.1:4001`. */
  readonly address: string;
  close(): Promise<void>;
}

/** Somebody who asks and never reads, or asks without end, is cut off. */
const REQUEST_TIMEOUT_MS = 10_000;
const MOST_CONNECTIONS = 100;

/** @throws when the address can't be listened on; `code` is the system's reason */
export async function serveMonitor({ host, port, health, metrics }: MonitorOptions): Promise<MonitorServer> {
  const server: Server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    const answering =
      path === '/health/live'
        ? Promise.resolve(json(response, 200, { status: 'ok' }))
        : path === '/health/ready'
          ? health().then(({ ok, problems }) => json(response, ok ? 200 : 503, { status: ok ? 'ok' : 'not well', problems })) // prettier-ignore
          : path === '/metrics'
            ? metrics().then(({ type, text }) => void response.writeHead(200, { 'content-type': type }).end(text))
            : Promise.resolve(json(response, 404, { status: 'there is /health/live, /health/ready and /metrics' }));
    answering.catch(() => {
      if (response.headersSent) response.destroy();
      else json(response, 503, { status: 'could not be found out' });
    });
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.setTimeout(REQUEST_TIMEOUT_MS, (socket) => socket.destroy());
  server.maxConnections = MOST_CONNECTIONS;
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}
