import { createServer, type Server } from 'node:http';
import { createRegistry } from '@genfleet/telemetry';
import { createApi } from './api.ts';
import { createApp } from './app.ts';
import { followAnnouncements } from './feeds/catalogue.ts';
import { followProgress } from './feeds/progress-feed.ts';
import { isLoopback } from './http/host-check.ts';
import { createApiMetrics } from './metrics.ts';
import type { ApiOptions } from './options.ts';

const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than load balancers keep an idle connection, so that they never reuse one that was just closed. */
const KEEP_ALIVE_MS = 65_000;
const MAX_CONNECTIONS = 20_000;

export interface RunningApi {
  /** Where a person on this machine reaches it. */
  readonly url: string;
  readonly port: number;
  /** Takes no new connection, finishes what runs, ends streams and waits. The bus stays open. */
  stop(): Promise<void>;
}

/**
 * Starts the HTTP edge over a bus, a view and a store that the caller opened and will close.
 * @throws Error when the address can't be listened on.
 */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { bus, view, config, log, clock } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const api = createApi(options, createApiMetrics(options.registry ?? createRegistry(), view), signal);
  const server = createServer(createApp(api));
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = MAX_CONNECTIONS;
  const port = await listen(server, config.HOST, config.PORT);
  const following = Promise.all([
    followAnnouncements(api.catalogue, { bus, log, clock, signal }),
    followProgress(api.progress, { bus, kind: 'txt2img', log, signal }),
  ]);
  const url = config.PUBLIC_URL ?? `http://${nameFor(config.HOST)}:${port}`;
  log.info({}, `API listens on ${url}`);
  return {
    url,
    port,
    stop: async () => {
      stopping.abort();
      await Promise.all([closeServer(server, config.DRAIN_GRACE_MS), following]);
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

/** What is in flight may finish within the grace; connections that only idle are closed at once. */
async function closeServer(server: Server, graceMs: number): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearTimeout(timer);
}

function nameFor(host: string): string {
  if (host === '::1') return '[::1]';
  return isLoopback(host) ? host : 'localhost';
}
