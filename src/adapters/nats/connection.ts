/** Connections to NATS, which are made anew for as long as they are open. */
import { connect, NatsError, type NatsConnection } from 'nats';

/** @throws NatsError when no server answers or the login is refused */
export async function connectTo(url: string, name: string): Promise<NatsConnection> {
  const { servers, ...login } = splitLogin(url);
  return connect({
    servers,
    ...login,
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    // A stack trace for every publish, in case it fails, costs as much as the publish.
    noAsyncTraces: true,
  });
}

export const isNotFound = (error: unknown): boolean => error instanceof NatsError && error.api_error?.code === 404;

/** The client wants the login beside the address. */
function splitLogin(url: string): { servers: string; user?: string; pass?: string; token?: string } {
  const { protocol, host, username, password } = new URL(url);
  const servers = `${protocol}//${host}`;
  if (username === '') return { servers };
  const user = decodeURIComponent(username);
  return password === '' ? { servers, token: user } : { servers, user, pass: decodeURIComponent(password) };
}
