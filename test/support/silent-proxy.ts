/** A way to a server that can fall silent, as a firewall that drops packets does: nothing is refused, nothing is answered. */
import { connect, createServer, type Socket } from 'node:net';

export interface SilentProxy {
  readonly port: number;
  /** From now on nothing goes through; or only over the oldest connection that there is, and over new ones. */
  hush(which: 'all' | 'all but the oldest'): void;
  /** Connections made from now on go through; those that were silenced are lost for ever. */
  speak(): void;
  close(): void;
}

export async function startSilentProxy(port: number): Promise<SilentProxy> {
  const silenced = new WeakSet<Socket>();
  const sockets = new Set<Socket>();
  let isSilent = false;
  const server = createServer((socket) => {
    const onward = connect(port, '127.0.0.1');
    const ways = [
      [socket, onward],
      [onward, socket],
    ] as const;
    for (const [one, other] of ways) {
      sockets.add(one);
      if (isSilent) silenced.add(one);
      one.on('data', (data) => {
        if (!silenced.has(one)) other.write(data);
      });
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        // One that was silenced says nothing of its end either.
        if (!silenced.has(one) || one === socket) other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    hush(which) {
      // Both ends of a connection, in the order in which they were made.
      for (const socket of [...sockets].slice(which === 'all' ? 0 : 2)) silenced.add(socket);
      isSilent = which === 'all';
    },
    speak() {
      isSilent = false;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
