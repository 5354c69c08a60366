/** Events of one plain job for the tests of this package; holds no tests itself. */
import { decideRequest } from '../src/decide.ts';
import type { CompletedEvent, RequestedEvent, StartedEvent } from '../src/event.ts';
import { imageRequestSchema } from '../src/settings.ts';
import { JOB_ID } from './arbitrary-events.test.ts';

export const NOW_MS = Date.parse('2026-03-01T12:00:00.000Z');
export const at = (ms: number) => new Date(NOW_MS + ms).toISOString();

const head = { version: 1, id: JOB_ID, kind: 'txt2img', tenant: 'default', redrive: 0 } as const;

export function requested(overrides: Partial<RequestedEvent<'txt2img'>> = {}): RequestedEvent<'txt2img'> {
  const request = imageRequestSchema.parse({ generation_settings: { prompt: 'a dog' } });
  return {
    ...decideRequest(request, { id: JOB_ID, tenant: 'default', nowMs: NOW_MS, seed: 7 }),
    ...overrides,
  };
}

export function started(overrides: Partial<StartedEvent> = {}): StartedEvent {
  return {
    ...{ type: 'started', ...head, attempt: 1, claim: 'c1', worker: 'w1', model: 'genfleet-demo' },
    ...{ time: at(1_000), released: false },
    ...overrides,
  };
}

export function completed(overrides: Partial<CompletedEvent<'txt2img'>> = {}): CompletedEvent<'txt2img'> {
  const sha256 = 'a'.repeat(64);
  return {
    ...{
      type: 'completed',
      ...head,
      attempt: 1,
      worker: 'w1',
      model: 'genfleet-demo',
      complete_time: at(9_000),
    },
    artifacts: [
      {
        key: `${JOB_ID}.jpg`,
        content_type: 'image/jpeg',
        size_bytes: 9,
        sha256,
        width: 512,
        height: 512,
        seed: 7,
      },
    ],
    timings: { queued_ms: 1, model_load_ms: 2, generate_ms: 3, store_ms: 4 },
    ...overrides,
  };
}
