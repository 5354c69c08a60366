import type { JobEvent } from '../packages/job/src/index.ts';

const START_MS = Date.parse('2026-01-01T00:00:00.000Z');

/** The id of the nth job. */
export const idOf = (n: number) => {
  const hex = (START_MS + n * 1_000).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7abc-8def-${String(n).padStart(12, '0')}`;
};

/** A request every second: one in fifty dies, one in a hundred waits, all others are completed. */
export function eventsOf(n: number): JobEvent[] {
  const head = { version: 1, id: idOf(n), kind: 'txt2img', redrive: 0, tenant: `team-${n % 20}` } as const;
  const model = `model-${n % 7}`;
  const at = (seconds: number) => new Date(START_MS + (n + seconds) * 1_000).toISOString();
  const sizes = { batch_size: 1, n_iters: 1, steps: 20, cfg_scale: 7, width: 512, height: 512 };
  const settings = {
    prompt: `picture ${n}`,
    negative_prompt: '',
    seed: n,
    sampler_name: 'euler',
    ...sizes,
    model,
  };
  const job = { metadata: { grouping: `g${n % 100}` }, request_time: at(0), attempt: 1, settings };
  const events: JobEvent[] = [{ type: 'requested', ...head, ...job, failures: [] }];
  if (n % 100 === 7) return events;
  const worker = `gpu-${n % 16}`;
  const claim = { attempt: 1, claim: `${n}`, worker, model, time: at(1), released: false };
  events.push({ type: 'started', ...head, ...claim });
  if (n % 50 === 3) {
    const error = { code: 'out_of_memory', message: 'no memory left' } as const;
    const failures = [{ attempt: 1, worker, time: at(2), ...error }];
    events.push({ type: 'dead', ...head, ...job, failures, error, time: at(2) });
    return events;
  }
  const timings = {
    queued_ms: (n * 37) % 9_000,
    model_load_ms: 0,
    generate_ms: 500 + ((n * 13) % 4_000),
    store_ms: 9,
  };
  const image = { content_type: 'image/jpeg', size_bytes: 40_000, width: 512, height: 512, seed: n };
  const artifacts = [{ key: `${head.id}.jpg`, ...image, sha256: n.toString(16).padStart(64, '0') }];
  events.push({
    type: 'completed',
    ...head,
    attempt: 1,
    worker,
    model,
    artifacts,
    timings,
    complete_time: at(3),
  });
  return events;
}
