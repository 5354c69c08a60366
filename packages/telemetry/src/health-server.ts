import { createServer, type Server } from 'node:http';
import type { Registry } from 'prom-client';

const READY_TIMEOUT_MS = 3_000;

/**
 * `/health/live`, `/health/ready` and `/metrics` for the kubelet and Prometheus, on a port of its own.
 * `ready` rejects with the reason when the service can't do its work.
 */
export async function startHealthServer(options: {
  host: string;
  port: number;
  registry: Registry;
  ready: () => Promise<void>;
}): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void answer(request.url ?? '/', options).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type }).end(body);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    close: () => closeServer(server),
  };
}

async function answer(url: string, options: { registry: Registry; ready: () => Promise<void> }) {
  const json = 'application/json';
  switch (url.split('?')[0]) {
    case '/health/live':
      return { status: 200, type: json, body: '{"status":"ok"}' };
    case '/health/ready':
      try {
        await Promise.race([options.ready(), timeout()]);
        return { status: 200, type: json, body: '{"status":"ok"}' };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return { status: 503, type: json, body: JSON.stringify({ status: 'unavailable', reason }) };
      }
    case '/metrics':
      return { status: 200, type: options.registry.contentType, body: await options.registry.metrics() };
    default:
      return { status: 404, type: json, body: '{"detail":"Not found"}' };
  }
}

function timeout(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error('no answer in time')), READY_TIMEOUT_MS).unref();
  });
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
