import { connect, createServer, type Socket } from 'node:net';

/** What the link does to connections from now on. */
export type Mood =
  | { readonly do: 'pass' }
  /** Takes the connection and never carries a byte. */
  | { readonly do: 'swallow' }
  /** Resets once so many bytes came from the server, `times` connections long, then passes. */
  | { readonly do: 'cut'; readonly afterBytes: number; times: number }
  /** Stops carrying what the server sends after so many bytes, and holds the connection. */
  | { readonly do: 'stall'; readonly afterBytes: number };

/** A TCP proxy in front of a server, whose mood the test sets. */
export async function openUnreliableLink(target: { host: string; port: number }) {
  const sockets = new Set<Socket>();
  let mood: Mood = { do: 'pass' };
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    hold(client);
    if (mood.do === 'swallow') return;
    const upstream = connect(target);
    hold(upstream);
    const { afterBytes } = 'afterBytes' in mood ? mood : { afterBytes: Number.POSITIVE_INFINITY };
    const isCut = mood.do === 'cut' && mood.times-- > 0;
    const isStalled = mood.do === 'stall';
    let carried = 0;
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      const left = Math.max(0, afterBytes - carried);
      carried += chunk.byteLength;
      if (isCut && carried > afterBytes) client.resetAndDestroy();
      else client.write(isStalled ? chunk.subarray(0, left) : chunk);
    });
    upstream.on('end', () => (isStalled ? undefined : client.end()));
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => (isStalled ? undefined : client.destroy()));
  });
  function hold(socket: Socket) {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    connections: () => connections,
    set(next: Mood) {
      mood = next;
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
