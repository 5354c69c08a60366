import type { CompletedEvent, RequestedEvent, StartedEvent } from '@genfleet/job';
import { decideRequest, imageRequestSchema } from '@genfleet/job';

const START_MS = Date.parse('2026-03-01T12:00:00.000Z');

/** Id of the n-th job, made at this time: a UUIDv7. */
export function plainId(n: number, madeMs = START_MS + n): string {
  const hex = madeMs.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7abc-8def-${String(n).padStart(12, '0')}`;
}

const head = (n: number) =>
  ({ version: 1, id: plainId(n), kind: 'txt2img', tenant: 'default', redrive: 0 }) as const;
const iso = (ms: number) => new Date(START_MS + ms).toISOString();

export function requested(n: number, metadata: Record<string, string> = {}): RequestedEvent {
  const request = imageRequestSchema.parse({ generation_settings: { prompt: `picture ${n}` }, metadata });
  return decideRequest(request, { id: plainId(n), tenant: 'default', nowMs: START_MS + n, seed: n });
}

export function started(n: number): StartedEvent {
  const by = { claim: `claim ${n}`, worker: 'w', model: 'genfleet-demo' };
  return { type: 'started', ...head(n), attempt: 1, ...by, time: iso(n + 10), released: false };
}

export function completed(n: number, generateMs = 100): CompletedEvent {
  const sha256 = n.toString(16).padStart(64, '0');
  const image = { content_type: 'image/jpeg', size_bytes: 9, sha256, width: 512, height: 512, seed: n };
  return {
    ...{ type: 'completed', ...head(n), attempt: 1, worker: 'w', model: 'genfleet-demo' },
    artifacts: [{ key: `${plainId(n)}.jpg`, ...image }],
    timings: { queued_ms: 10, model_load_ms: 0, generate_ms: generateMs, store_ms: 1 },
    complete_time: iso(n + 20),
  };
}
