import { createServer, type Server, type ServerOptions } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { followAnnouncements } from '@genfleet/catalogue';
import { createWebhookMetrics } from '@genfleet/telemetry';
import { type Api, createApi, renderContext } from './api.ts';
import { createApp } from './app.ts';
import { followProgress } from './feeds/progress-feed.ts';
import { followTexts } from './feeds/text-feed.ts';
import { openDoor } from './http/access.ts';
import { isLoopback } from './http/host-check.ts';
import type { ApiOptions } from './options.ts';
import { renderJob } from './render-job.ts';
import { startWebhooks } from './webhooks/index.ts';

/** For a whole request to come, its body included. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** Longer than load balancers keep an idle connection, so that they never reuse one that was just closed. */
const KEEP_ALIVE_MS = 65_000;
const FIRST_MODELS_MS = 1_000;
const WEBHOOK_RETRY_MS = 2_000;
const MAX_CONNECTIONS = 20_000;
/** For the cancellations of whoever was cut off. */
const LAST_WORDS_MS = 2_000;

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
  const { bus, config, log, clock } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const warning = openDoor(config);
  if (warning !== undefined) log.warn({}, warning);
  const api = createApi(options, signal);
  const models = Promise.withResolvers<void>();
  // texts that clients wait for go on while the server drains
  const drained = new AbortController();
  const feeds = [
    followAnnouncements(api.catalogue, { bus, log, clock, signal, onCaughtUp: models.resolve }),
    followProgress(api.progress, { bus, log, signal }),
    followTexts(api.texts, { bus, log, signal: drained.signal }),
  ];
  // so that the first request is already checked against the models there are; a bus that is away can't hold it up
  await Promise.race([models.promise, sleep(FIRST_MODELS_MS, undefined, { signal })]);
  const server = createServer(timeouts(options.requestTimeoutMs), createApp(api));
  server.maxConnections = MAX_CONNECTIONS;
  const port = await listen(server, config.HOST, config.PORT).catch((error: unknown) => {
    stopping.abort();
    drained.abort();
    throw error;
  });
  const url = config.PUBLIC_URL ?? `http://${nameFor(config.HOST)}:${port}`;
  const following = Promise.all([...feeds, callWebhooks(api, url)]);
  log.info({}, `API listens on ${url}`);
  options.artifacts.health().catch((err: unknown) => {
    log.warn({ err }, 'the artifact store does not answer: nothing can be stored until it does');
  });
  return {
    url,
    port,
    stop: async () => {
      stopping.abort();
      await closeServer(server, config.DRAIN_GRACE_MS);
      drained.abort();
      await Promise.all([api.publisher.idle(LAST_WORDS_MS), following]);
    },
  };
}

/**
 * What Node.js does with whoever is slow: 408. It swaps the two limits where headers may take the longer, as they may by
 * default, and looks after them every 30 s.
 */
function timeouts(requestTimeout = REQUEST_TIMEOUT_MS): ServerOptions {
  return {
    requestTimeout,
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeout),
    connectionsCheckingInterval: requestTimeout / 10,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
}

/** Calls webhooks until the service stops, where a secret is configured. A bus that is away is asked again. */
async function callWebhooks(api: Api, baseUrl: string): Promise<void> {
  const { bus, views, config, clock, log } = api.options;
  const { WEBHOOK_SECRET: secret, WEBHOOK_ALLOW_PRIVATE: allowPrivate } = config;
  if (secret === undefined) return;
  const ctx = renderContext(api, baseUrl.replace(/\/$/, ''));
  const metrics = createWebhookMetrics(api.metrics.registry);
  const options = { bus, views, secret, allowPrivate, clock, log, metrics };
  const signal = api.stopping;
  while (!signal.aborted) {
    try {
      const webhooks = await startWebhooks({ ...options, render: (state) => renderJob(state, ctx) });
      await new Promise((resolve) => {
        if (signal.aborted) resolve(undefined);
        else signal.addEventListener('abort', resolve, { once: true });
      });
      await webhooks.stop();
    } catch (err) {
      log.warn({ err }, 'webhooks could not start; trying again');
      await sleep(WEBHOOK_RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
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
