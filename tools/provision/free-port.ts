import { createServer } from 'node:net';

/**
 * Below the range from which the kernel takes ports for outgoing connections. Inside it a client that keeps
 * trying a server that is down can be given the server's own port, connect to itself and keep the server out.
 */
const LOWEST = 17_000;
const HIGHEST = 31_999;
const TRIES = 200;

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** `count` different ports on which nothing listens on loopback. @throws Error when none are to be found. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let tried = 0; tried < TRIES && found.size < count; tried++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await isFree(port)) found.add(port);
  }
  if (found.size < count) throw new Error(`no ${count} free ports between ${LOWEST} and ${HIGHEST}`);
  return [...found];
}
