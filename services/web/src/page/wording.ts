import type { Image, JobKind, Queue } from '@genfleet/client';
import type { Live } from './jobs.ts';

/** `12 ms`, `0.4 s`, `12 s`, `2 min 5 s`: as exact as one wants to read it. */
export function duration(ms: number): string {
  if (ms < 95) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `just now`, `5 min ago`, then the date. Times in Unix ms. */
export function ago(thenMs: number, nowMs: number): string {
  const minutes = Math.floor((nowMs - thenMs) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return new Date(thenMs).toLocaleDateString(undefined, { dateStyle: 'medium' });
}

/** What kinds of job are called. */
export const KIND_WORDS: Readonly<Record<JobKind, string>> = { txt2img: 'Image', completion: 'Text' };

/** Enough of a job's id to tell it from others: its beginning says when, its end which. */
export function shortId(id: string): string {
  return `${id.slice(0, 8)}…${id.slice(-4)}`;
}

const REASONS: Readonly<Record<string, string>> = {
  model_not_found: 'No worker has this model',
  prompt_rejected: 'The model refused the prompt',
  invalid_settings: 'The model can’t run with these settings',
  deadline_exceeded: 'It did not finish in time',
  engine_failed: 'The model failed',
  engine_unreachable: 'The model could not be reached',
  engine_timeout: 'The model took too long',
  out_of_memory: 'Not enough memory',
  worker_lost: 'The worker went away in the middle',
  artifacts_failed: 'The picture could not be stored',
};

/** An error code in words. */
export function reason(code: string): string {
  return REASONS[code] ?? code.replaceAll('_', ' ');
}

export function queueLine(queue: Image['queue']): string {
  if (!queue) return 'In line';
  // workers need not take them in the order they came, which the wait knows
  const place = queue.position === 0 ? 'First in line' : `In line, ${queue.position} came before`;
  const wait = waitLine(queue);
  return wait === undefined ? place : `${place} · ${wait}`;
}

/** How long it will wait: a range where the server knows how well it forecasts. */
function waitLine({ estimated_wait_range_seconds: range, estimated_wait_seconds: wait }: Queue) {
  if (!range && wait === null) return undefined;
  const [least, most] = (range ?? [wait ?? 0, wait ?? 0]).map((seconds) => seconds * 1_000) as [
    number,
    number,
  ];
  if (most < 1_000) return 'starts in a moment';
  if (least < 1_000 && range) return `starts within ${duration(most)}`;
  const [from, to] = [duration(least), duration(most)];
  return from === to ? `about ${from}` : `${from} to ${to}`;
}

export function stepLine(live: Pick<Live, 'step' | 'steps'> | undefined | null): string {
  if (!live || live.step === 0) return 'Getting ready…';
  return `Step ${live.step} of ${live.steps}`;
}

/** Where the job stands, in one line. */
export function statusLine(image: Image, live?: Live): string {
  switch (image.status) {
    case 'queued':
      return queueLine(image.queue);
    case 'running':
      return stepLine(live ?? image.progress);
    case 'retrying': {
      const last = image.failures.at(-1);
      return last ? `Attempt ${last.attempt} failed (${reason(last.code)}). Trying again…` : 'Trying again…';
    }
    case 'completed':
      return image.timings ? `Made in ${duration(image.timings.generate_ms)}` : 'Done';
    case 'dead':
      return image.error ? reason(image.error.code) : 'Failed';
    case 'cancelled':
      return 'Cancelled';
    default:
      return 'Waiting for news';
  }
}

/** What the picture is called when it is saved: its prompt and seed. */
export function fileName(image: Image, index: number): string {
  const { prompt, seed, format } = image.generation_settings;
  const words = prompt
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60);
  const suffix = image.image_urls.length > 1 ? `-${index}` : '';
  return `${words || 'picture'}-${seed}${suffix}.${format === 'png' ? 'png' : 'jpg'}`;
}
