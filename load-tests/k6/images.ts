import type { Accepted, Image, ImageEvent, ImageStatus, NewImage } from '@genfleet/client/types';
import { check, sleep } from 'k6';
import { RUN, type Tenant } from './asked.ts';
import { bodyOf, get, post } from './calls.ts';

const POLL_SECONDS = 1;
/** How long a client waits for its job, also after the load is over: beyond it the job counts as lost. */
export const LAST_JOBS_SECONDS = 300;
const PROMPTS = ['a red circle', 'two green triangles', 'a blue square above a yellow star', 'a dog'];
const ENDED: readonly ImageStatus[] = ['completed', 'dead', 'cancelled'];

/** The request that the documentation shows: 512×512 pixels in five steps. */
export function seedImage(grouping: string): NewImage {
  return {
    generation_settings: {
      prompt: 'A dog',
      negative_prompt: '',
      seed: 42,
      sampler_name: 'euler',
      batch_size: 1,
      n_iters: 1,
      steps: 5,
      cfg_scale: 7,
      width: 512,
      height: 512,
    },
    metadata: { grouping: `${RUN}/${grouping}` },
  };
}

/** One that a demo model makes in some tens of ms, each time another one. */
export function smallImage(
  grouping: string,
  { steps = 4, ...more }: { readonly steps?: number; readonly priority?: Priority } = {},
): NewImage {
  const prompt = PROMPTS[Math.floor(Math.random() * PROMPTS.length)] ?? '';
  return {
    generation_settings: { prompt, steps, width: 64, height: 64 },
    metadata: { grouping: `${RUN}/${grouping}` },
    ...more,
  };
}

type Priority = NonNullable<NewImage['priority']>;

interface PostOptions {
  readonly tenant?: Tenant;
}

/** Puts the image in line. @returns the id of its job, undefined when it was refused. */
export function postImage(image: NewImage, options: PostOptions = {}): string | undefined {
  return bodyOf<Accepted>(post('/images/', image, { route: 'post image', expect: [202], ...options }))?.id;
}

/** Posts it and waits in the request. @returns the job if it ended in time. */
export function postAndWait(image: NewImage, waitSeconds: number): Image | undefined {
  const headers = { prefer: `wait=${waitSeconds}` };
  const answer = post('/images/', image, { route: 'post image', expect: [200, 202], headers });
  return answer.status === 200 ? bodyOf<Image>(answer) : undefined;
}

/** Asks each second until the job has ended. @returns it, undefined when it did not end in time. */
export function pollImage(id: string): Image | undefined {
  for (let waited = 0; waited < LAST_JOBS_SECONDS; waited += POLL_SECONDS) {
    const image = bodyOf<Image>(get(`/images/${id}/`, { route: 'poll image', expect: [200] }));
    if (image !== undefined && ENDED.includes(image.status)) return image;
    sleep(POLL_SECONDS);
  }
  return undefined;
}

/** Reads the job's events to its end. @returns the last of them. */
export function followImage(id: string, tenant?: Tenant): ImageEvent['type'] | undefined {
  const answer = get(`/images/${id}/events`, {
    route: 'follow image',
    expect: [200],
    timeoutMs: LAST_JOBS_SECONDS * 1_000,
    tenant,
  });
  const names = [...String(answer.body ?? '').matchAll(/^event: (\w+)$/gm)];
  return names.at(-1)?.[1] as ImageEvent['type'] | undefined;
}

/** Counts whether a job ended as it should. */
export function expectCompleted(end: ImageStatus | ImageEvent['type'] | undefined): boolean {
  const isCompleted = check(end, { 'the image is completed': (it) => it === 'completed' });
  if (!isCompleted) console.warn(`a job ended as ${end ?? 'nothing: it was still open'}`);
  return isCompleted;
}
