import {
  type CompletedEvent,
  type DeadEvent,
  type Failure,
  type JobEvent,
  type RequestedEvent,
  type StartedEvent,
  type Topic,
  topicOf,
} from '@genfleet/job';

const START_MS = Date.parse('2026-03-01T12:00:00.000Z');
const IMAGES = { kind: 'txt2img', redrive: 0, version: 1 } as const;
const TEXTS = { kind: 'completion', redrive: 0, version: 1 } as const;

/** Seconds after noon of the first of March 2026, in UTC. */
const at = (seconds: number) => new Date(START_MS + Math.round(seconds * 1_000)).toISOString();

/** The id of a job by its letter, made at that second. */
export function jobId(letter: string, seconds = 0): string {
  const time = (START_MS + seconds * 1_000).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7abc-8def-${letter.charCodeAt(0).toString(16).padStart(12, '0')}`;
}

function failure(attempt: number, seconds: number, code: Failure['code']): Failure {
  return { attempt, worker: 'gpu-1', time: at(seconds), code, message: `attempt ${attempt} failed` };
}

interface ImageJob {
  readonly id: string;
  readonly tenant: string;
  readonly seconds: number;
  readonly seed: number;
  readonly model: string;
  readonly metadata: Readonly<Record<string, string>>;
}

const image = (
  letter: string,
  tenant: string,
  seconds: number,
  seed: number,
  model: string,
  grouping?: string,
) =>
  ({
    id: jobId(letter, seconds),
    tenant,
    seconds,
    seed,
    model,
    metadata: grouping === undefined ? {} : { grouping, user: `user of ${letter}` },
  }) satisfies ImageJob;

const A = image('a', 'team-a', 0, 9_007_199_254_740_991, 'sd-1.5', 'night "watch"');
const B = image('b', 'team-a', 60, 2, 'sd-1.5', 'day');
const C = image('c', 'team-b', 120, 3, 'sdxl');
const D = image('d', 'team-b', 180, 4, 'sdxl', 'day');
const E = image('e', 'team-a', 3_600, 5, 'sd-1.5');
const F = image('f', 'team-a', 3_660, 6, 'sdxl');

const imageSettings = ({ seed, model }: ImageJob) => ({
  ...{
    prompt: `a dog in the rain, ${seed}`,
    negative_prompt: '',
    seed,
    sampler_name: 'euler',
    batch_size: 1,
  },
  ...{ n_iters: 1, steps: 20, cfg_scale: 7.5, width: 512, height: 768, model },
});

function asked(job: ImageJob, attempt = 1, failures: Failure[] = []): RequestedEvent {
  const { id, tenant, metadata, seconds } = job;
  return {
    ...{ type: 'requested', ...IMAGES, id, tenant, metadata, request_time: at(seconds), attempt, failures },
    settings: imageSettings(job),
  };
}

function started(job: Pick<ImageJob, 'id' | 'tenant' | 'model'>, seconds: number, attempt = 1): StartedEvent {
  const { id, tenant, model } = job;
  return {
    ...{ type: 'started', ...IMAGES, id, tenant, attempt, claim: `claim ${attempt} of ${model}` },
    ...{ worker: 'gpu-1', model, time: at(seconds), released: false },
  };
}

interface Run {
  readonly seconds: number;
  readonly worker: string;
  readonly attempt?: number;
  /** queued, loading, generating and storing, in ms. */
  readonly ms: readonly [number, number, number, number];
}

function made({ seconds, worker, attempt = 1, ms }: Run) {
  const [queued_ms, model_load_ms, generate_ms, store_ms] = ms;
  const timings = { queued_ms, model_load_ms, generate_ms, store_ms };
  return { attempt, worker, timings, complete_time: at(seconds) };
}

function finished(job: ImageJob, run: Run, images: number): CompletedEvent {
  const { id, tenant, model, seed } = job;
  const artifacts = Array.from({ length: images }, (_, index) => ({
    ...{ key: `${id}_${index}.jpg`, content_type: 'image/jpeg', size_bytes: 1_000 + index },
    ...{ sha256: String(index).repeat(64), width: 512, height: 768, seed: Math.min(seed + index, 100) },
  }));
  return { type: 'completed', ...IMAGES, id, tenant, model, ...made(run), artifacts };
}

const died: DeadEvent = {
  ...{ type: 'dead', ...IMAGES, id: D.id, tenant: D.tenant, metadata: D.metadata, request_time: at(180) },
  ...{ attempt: 2, failures: [failure(1, 190, 'engine_failed'), failure(2, 200, 'out_of_memory')] },
  ...{ error: { code: 'out_of_memory', message: 'attempt 2 failed' }, time: at(200) },
  settings: imageSettings(D),
};

const text = (letter: string, tenant: string, seconds: number) =>
  ({ id: jobId(letter, seconds), tenant, model: 'code-7b' }) as const;
const G = text('g', 'team-a', 10);
const H = text('h', 'team-b', 3_620);
const I = text('i', 'team-b', 3_630);
const sampling = { temperature: 0.2, top_p: 1, n: 1, stop: ['\n\n'], echo: false };
const textSettings = { model: 'code-7b', ...sampling, presence_penalty: 0, frequency_penalty: 0 };
const way = { interactive: true, stream: true, store: false };

function askedText({ id, tenant }: typeof G, seconds: number, more: object): RequestedEvent<'completion'> {
  const head = { type: 'requested', ...TEXTS, id, tenant, metadata: {}, request_time: at(seconds) } as const;
  return { ...head, attempt: 1, failures: [], ...way, settings: { ...textSettings, ...more } };
}

function written(job: typeof G, run: Run, prompt_tokens: number, completion_tokens: number): CompletedEvent {
  const { id, tenant, model } = job;
  const usage = { prompt_tokens, completion_tokens };
  return { type: 'completed', ...TEXTS, id, tenant, model, ...made(run), usage, artifacts: [] };
}

const diedText: DeadEvent = {
  ...{
    type: 'dead',
    ...TEXTS,
    id: I.id,
    tenant: I.tenant,
    metadata: {},
    request_time: at(3_630),
    attempt: 1,
  },
  ...{
    failures: [failure(1, 3_631, 'context_length_exceeded')],
    ...way,
    settings: { ...textSettings, stop: [] },
  },
  ...{ error: { code: 'context_length_exceeded', message: 'attempt 1 failed' }, time: at(3_631) },
};

/**
 * Nine jobs of two tenants, in the order of their publishing: images a and b (at its second attempt) and c completed,
 * d dead, e cancelled and f waiting; texts g and h completed and i dead. Every event is one that the schemas allow.
 */
const FIXED_EVENTS: readonly JobEvent[] = [
  asked(A),
  started(A, 0.1),
  finished(A, { seconds: 1.2, worker: 'gpu-1', ms: [100, 50, 1_000, 10] }, 2),
  askedText(G, 10, { prompts: ['def f(', [1, 2, 3]], max_tokens: 16, seed: 7 }),
  { ...started(G, 10.05), kind: 'completion', worker: 'gpu-3' },
  written(G, { seconds: 10.6, worker: 'gpu-3', ms: [50, 0, 500, 0] }, 10, 20),
  asked(B),
  started(B, 60.3),
  asked(B, 2, [failure(1, 62, 'engine_failed')]),
  started(B, 63.3, 2),
  finished(B, { seconds: 65.5, worker: 'gpu-2', attempt: 2, ms: [300, 0, 2_000, 20] }, 1),
  asked(C),
  started(C, 120.2),
  finished(C, { seconds: 124.5, worker: 'gpu-2', ms: [200, 250.4, 4_000, 30] }, 1),
  asked(D),
  started(D, 180.2),
  asked(D, 2, [failure(1, 190, 'engine_failed')]),
  started(D, 191, 2),
  died,
  asked(E),
  { type: 'cancelled', ...IMAGES, id: E.id, tenant: E.tenant, reason: 'asked', time: at(3_601) },
  askedText(H, 3_620, { messages: [{ role: 'user', content: 'write a loop' }] }),
  written(H, { seconds: 3_621, worker: 'gpu-3', ms: [70, 0, 250, 0] }, 5, 7),
  askedText(I, 3_630, { prompts: ['x'] }),
  diedText,
  asked(F),
];

/** What the adapters' ledgers hold before the statements run. */
export const FIXED_LEDGER: readonly { readonly topic: Topic; readonly event: JobEvent }[] = FIXED_EVENTS.map(
  (event) => ({ topic: topicOf(event.type, event.kind), event }),
);
