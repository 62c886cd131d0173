/** A line to a server on this machine that can be cut, as when a network or the server goes away. */
import net from 'node:net';

export interface BreakableLine {
  readonly port: number;
  /** Ends every connection, and takes no more. */
  cut(): void;
  /** The same without a goodbye: what a client does that vanishes. */
  vanish(): void;
  mend(): void;
  /** What goes over the connections there are is lost from now on, without a word; new ones are whole. */
  swallow(): void;
  close(): Promise<void>;
}

export async function breakableLine(port: number, host = '127.0.0.1'): Promise<BreakableLine> {
  const sockets = new Set<net.Socket>();
  let whole = true;
  const proxy = net.createServer((socket) => {
    if (!whole) {
      socket.destroy();
      return;
    }
    const onward = net.connect(port, host);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  const end = (how: (socket: net.Socket) => void): void => {
    whole = false;
    for (const socket of sockets) how(socket);
  };
  const cut = (): void => end((socket) => socket.destroy());
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    cut,
    vanish: () => end((socket) => socket.resetAndDestroy()),
    mend: () => void (whole = true),
    swallow: () => {
      for (const socket of sockets) {
        socket.unpipe();
        // Read and thrown away, so that the sender notices nothing.
        socket.resume();
      }
    },
    close: async () => {
      cut();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
