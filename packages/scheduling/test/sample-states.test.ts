/** States of jobs for the tests of this package; holds no tests itself. */
import {
  type CompletedEvent,
  decideRequest,
  evolve,
  imageRequestSchema,
  type JobEvent,
  type JobState,
  newJobId,
  type Priority,
  type StartedEvent,
} from '@genfleet/job';

export const NOW_MS = Date.parse('2026-03-01T12:00:00.000Z');

let places = 0;

function fold(state: JobState | undefined, event: JobEvent, timeMs: number): JobState {
  places += 1;
  return evolve(state, event, { timeMs, type: event.type, messageId: String(places).padStart(9, '0') });
}

export interface Asked {
  readonly tenant?: string;
  readonly model?: string;
  readonly priority?: Priority;
  /** When it was asked for, in ms before `NOW_MS`. */
  readonly agoMs?: number;
}

/** A job that waits. */
export function waiting({ tenant = 'a', model = 'm', priority, agoMs = 10_000 }: Asked = {}): JobState {
  const nowMs = NOW_MS - agoMs;
  const body = imageRequestSchema.parse({ generation_settings: { prompt: 'x', model }, priority });
  return fold(undefined, decideRequest(body, { id: newJobId(nowMs), tenant, nowMs, seed: 1 }), nowMs);
}

/** The job once a worker claimed it, or claimed it ahead of the bus. */
export function running(state: JobState, worker: string, isAhead = false): JobState {
  const { id, request } = state;
  const event: StartedEvent = {
    ...{ type: 'started', version: 1, id, kind: 'txt2img', tenant: request?.tenant ?? '', redrive: 0 },
    ...{ attempt: 1, claim: `${worker}-${id}`, worker, model: request?.settings.model ?? '' },
    ...{ time: new Date(NOW_MS).toISOString(), released: false },
    ...(isAhead ? { ahead_until: new Date(NOW_MS + 30_000).toISOString() } : {}),
  };
  return fold(state, event, NOW_MS);
}

/** The job once it was made, in `generateMs` after `loadMs` for the model. */
export function done(state: JobState, generateMs: number, loadMs = 0): JobState {
  const { id, request, starts } = state;
  const event: CompletedEvent<'txt2img'> = {
    ...{ type: 'completed', version: 1, id, kind: 'txt2img', tenant: request?.tenant ?? '', redrive: 0 },
    ...{ attempt: 1, worker: starts[0]?.worker ?? '', model: request?.settings.model ?? '' },
    timings: { queued_ms: 0, model_load_ms: loadMs, generate_ms: generateMs, store_ms: 0 },
    complete_time: new Date(NOW_MS).toISOString(),
    artifacts: [],
  };
  return fold(state, event, NOW_MS);
}
