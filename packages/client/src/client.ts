import { type CallOptions, type ClientOptions, caller } from './call.ts';
import { type Completions, completionCalls } from './completions.ts';
import { type EventOptions, followEvents } from './events.ts';
import { type Jobs, jobCalls, type Ledger, ledgerCalls } from './ledger.ts';
import { queryOf } from './query.ts';
import { receiptIn } from './receipt.ts';
import type {
  Accepted,
  Image,
  ImageEvent,
  ImageStatus,
  Model,
  NewImage,
  Receipt,
  Redriven,
  RedrivenAll,
} from './types.ts';

export interface CreateOptions extends CallOptions {
  /** The same key with the same request gives the same job, however often it is sent. */
  readonly idempotencyKey?: string;
  /** Wait in the request for the job's end, at most 60. */
  readonly waitSeconds?: number;
}

export interface ListFilter {
  /** 1 to 100, default 20. */
  readonly limit?: number;
  /** Not together with `cursor`. */
  readonly offset?: number;
  /** `next` of the page before: neither skips nor repeats a job when others come meanwhile. */
  readonly cursor?: string;
  readonly status?: readonly ImageStatus[];
  readonly grouping?: string;
  readonly model?: string;
  /** Of whom the jobs are; whoever is no operator may name only the own one. */
  readonly tenant?: string;
  /** Requested at or after this time, ISO 8601. */
  readonly from?: string;
  /** Requested before this time. */
  readonly to?: string;
}

export interface ImagePage {
  /** Newest first. */
  readonly images: Image[];
  /** How many there are in all under the filter. */
  readonly total: number;
  /** `cursor` of the page behind this one; undefined at the end. */
  readonly next: string | undefined;
}

export interface CreatedImage {
  readonly id: string;
  /** There when the job ended within `waitSeconds`. */
  readonly image: Image | undefined;
  /** What the API promised; undefined when an earlier request with the same key made the job. */
  readonly receipt: Receipt | undefined;
}

/**
 * Typed calls of the API, for browsers and Node. Every method throws `ApiError` when the API refuses, and
 * what `fetch` throws when nobody answers or the signal is aborted.
 */
export interface Client {
  createImage(request: NewImage, options?: CreateOptions): Promise<CreatedImage>;
  getImage(id: string, options?: CallOptions): Promise<Image>;
  listImages(filter?: ListFilter, options?: CallOptions): Promise<ImagePage>;
  /** The cancelled job, or undefined when the cancellation is on its way. */
  cancelImage(id: string, options?: CallOptions): Promise<Image | undefined>;
  /** Follows the job to its end, over broken connections. */
  events(id: string, options?: EventOptions): AsyncIterable<ImageEvent>;
  deadLetters(page?: Pick<ListFilter, 'limit' | 'offset'>, options?: CallOptions): Promise<ImagePage>;
  redrive(id: string, options?: CallOptions): Promise<Redriven>;
  redriveAll(options?: CallOptions): Promise<RedrivenAll>;
  /** The models that workers announced. */
  models(options?: CallOptions): Promise<Model[]>;
  readonly completions: Completions;
  readonly jobs: Jobs;
  readonly ledger: Ledger;
}

export function createClient(options: ClientOptions = {}): Client {
  const call = caller(options);
  const path = (id: string) => `/images/${encodeURIComponent(id)}`;
  const list = async (url: string, callOptions: CallOptions): Promise<ImagePage> => {
    const response = await call(url, callOptions);
    const images = (await response.json()) as Image[];
    return {
      images,
      total: Number(response.headers.get('x-total-count') ?? images.length),
      next: response.headers.get('x-next-cursor') ?? undefined,
    };
  };
  return {
    createImage: async (request, { signal, idempotencyKey, waitSeconds } = {}) => {
      const headers: Record<string, string> = { 'content-type': 'application/json' };
      if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
      if (waitSeconds !== undefined) headers['prefer'] = `wait=${waitSeconds}`;
      const init = { method: 'POST', headers, body: JSON.stringify(request) };
      const response = await call('/images/', { ...init, ...(signal ? { signal } : {}) });
      const answer = (await response.json()) as Accepted | Image;
      const image = 'status' in answer ? answer : undefined;
      return { id: answer.id, image, receipt: receiptIn(response) };
    },
    getImage: async (id, callOptions = {}) => (await call(path(id), callOptions)).json() as Promise<Image>,
    listImages: (filter = {}, callOptions = {}) => list(`/images/${queryOf(filter)}`, callOptions),
    cancelImage: async (id, callOptions = {}) => {
      const response = await call(path(id), { method: 'DELETE', ...callOptions });
      const answer = (await response.json()) as Accepted | Image;
      return 'status' in answer ? answer : undefined;
    },
    events: (id, eventOptions = {}) =>
      followEvents(
        (headers, signal) => call(`${path(id)}/events`, { headers, ...(signal ? { signal } : {}) }),
        eventOptions,
      ),
    deadLetters: (page = {}, callOptions = {}) => list(`/dead-letters${queryOf(page)}`, callOptions),
    redrive: async (id, callOptions = {}) => {
      const url = `/dead-letters/${encodeURIComponent(id)}/redrive`;
      return (await call(url, { method: 'POST', ...callOptions })).json() as Promise<Redriven>;
    },
    redriveAll: async (callOptions = {}) => {
      const response = await call('/dead-letters/redrive', { method: 'POST', ...callOptions });
      const answer = (await response.json()) as RedrivenAll;
      for (const receipt of answer.receipts) options.onReceipt?.(receipt);
      return answer;
    },
    models: async (callOptions = {}) => {
      const response = await call('/models', callOptions);
      return ((await response.json()) as { models: Model[] }).models;
    },
    completions: completionCalls(call),
    jobs: jobCalls(call),
    ledger: ledgerCalls(call),
  };
}
