import {
  type CancelledEvent,
  type CompletedEvent,
  type DeadEvent,
  decideRequest,
  type EventType,
  evolve,
  imageRequestSchema,
  type JobEvent,
  type JobState,
  type RequestedEvent,
  type StartedEvent,
} from '@genfleet/job';

export const ID = '019a3c5e-7b40-7000-8000-000000000001';
export const NOW_MS = Date.parse('2026-01-02T03:04:05.000Z');
const TIME = '2026-01-02T03:04:06.000Z';

export function requested(more: Partial<RequestedEvent<'txt2img'>> = {}): RequestedEvent<'txt2img'> {
  const request = imageRequestSchema.parse({ generation_settings: { prompt: 'A dog', seed: 42 } });
  return { ...decideRequest(request, { id: ID, tenant: 'default', nowMs: NOW_MS, seed: 1 }), ...more };
}

function head(of: RequestedEvent) {
  const { version, id, kind, tenant, redrive } = of;
  return { version, id, kind, tenant, redrive };
}

export function started(of: RequestedEvent, attempt: number): StartedEvent {
  const claim = `${of.id}-${of.redrive}-${attempt}`;
  return {
    ...head(of),
    type: 'started',
    attempt,
    claim,
    worker: 'w',
    model: 'm',
    time: TIME,
    released: false,
  };
}

export function completed(
  of: RequestedEvent<'txt2img'>,
  attempt: number,
  keys = [`${of.id}.jpg`],
): CompletedEvent<'txt2img'> {
  const artifacts = keys.map((key, index) => ({
    key,
    content_type: 'image/jpeg',
    size_bytes: 3,
    sha256: '0'.repeat(64),
    width: 512,
    height: 512,
    seed: of.settings.seed + index,
  }));
  const timings = { queued_ms: 1, model_load_ms: 0, generate_ms: 2, store_ms: 3 };
  const event = {
    ...head(of),
    kind: 'txt2img' as const,
    type: 'completed' as const,
    attempt,
    worker: 'w',
    model: 'm',
  };
  return { ...event, artifacts, timings, complete_time: TIME };
}

export function failed(of: RequestedEvent<'txt2img'>, attempt: number): RequestedEvent<'txt2img'> {
  const failure = { attempt, worker: 'w', time: TIME, code: 'engine_failed' as const, message: 'it broke' };
  return { ...of, attempt: attempt + 1, failures: [...of.failures, failure], not_before: TIME };
}

export function dead(of: RequestedEvent<'txt2img'>): DeadEvent<'txt2img'> {
  const { not_before: _notBefore, ...job } = of;
  return { ...job, type: 'dead', error: { code: 'engine_failed', message: 'it broke' }, time: TIME };
}

export function cancelled(of: RequestedEvent): CancelledEvent {
  return { ...head(of), type: 'cancelled', reason: 'enough', time: TIME };
}

/** The events folded in this order, one millisecond apart. */
export function stateOf(...events: readonly JobEvent[]): JobState {
  const state = events.reduce<JobState | undefined>((known, event, index) => {
    const type: EventType = event.type;
    return evolve(known, event, { timeMs: NOW_MS + index, type, messageId: String(index).padStart(4, '0') });
  }, undefined);
  if (!state) throw new TypeError('no events');
  return state;
}
