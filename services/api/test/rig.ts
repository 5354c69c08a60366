import type { ArtifactStore } from '@genfleet/artifacts';
import type { Bus } from '@genfleet/bus';
import { type Client, createClient } from '@genfleet/client';
import {
  encodeEvent,
  GenfleetError,
  type JobEvent,
  newJobId,
  type ProgressEvent,
  progressTopic,
  type RequestedEvent,
  topicOf,
} from '@genfleet/job';
import type { View } from '@genfleet/ledger';
import { createLogger } from '@genfleet/telemetry';
import { type ApiOptions, type RunningApi, startApi } from '../src/index.ts';
import { completed, started } from './job-events.ts';

export interface Replica {
  readonly api: RunningApi;
  readonly view: View;
  readonly client: Client;
  readonly url: string;
}

/** One API over these parts, on a free port of loopback, quiet. */
export async function startReplica(
  parts: { bus: Bus; view: View; completionView?: View; artifacts: ArtifactStore },
  more: Partial<ApiOptions> & { settings?: Partial<ApiOptions['config']> } = {},
): Promise<Replica> {
  const { settings, ...options } = more;
  const api = await startApi({
    bus: parts.bus,
    artifacts: parts.artifacts,
    views: { txt2img: parts.view, completion: parts.completionView ?? parts.view },
    config: {
      HOST: '127.0.0.1',
      PORT: 0,
      PUBLIC_URL: undefined,
      MAX_BODY_BYTES: 65_536,
      MAX_QUEUED_JOBS: 1_000,
      MODELS: [],
      ARTIFACT_URL_TTL_SECONDS: 3_600,
      COMPLETION_DEADLINE_SECONDS: 60,
      DRAIN_GRACE_MS: 2_000,
      WEBHOOK_SECRET: undefined,
      WEBHOOK_ALLOW_PRIVATE: false,
      DOCS_URL: '/docs',
      OPENAPI_URL: '/openapi.json',
      REDOC_URL: '/redoc',
      AUTH: 'none',
      BYPASS_EXTERNAL_AUTH: false,
      TENANT_HEADER: undefined,
      OPERATORS: [],
      LEDGER_QUERY: true,
      ...settings,
    },
    log: createLogger({ level: 'silent', service: 'api' }),
    clock: Date.now,
    newId: newJobId,
    ...options,
  });
  const url = `http://127.0.0.1:${api.port}`;
  return { api, view: parts.view, client: createClient({ baseUrl: url }), url };
}

/** Does by hand what a worker does, one event at a time. */
export class HandWorker {
  readonly #bus: Bus;
  readonly #artifacts: ArtifactStore;

  constructor(bus: Bus, artifacts: ArtifactStore) {
    this.#bus = bus;
    this.#artifacts = artifacts;
  }

  async publish(event: JobEvent): Promise<void> {
    const producer = await this.#bus.producer(topicOf(event.type, event.kind));
    await producer.send({ key: event.id, value: encodeEvent(event) });
  }

  async progress(event: ProgressEvent): Promise<void> {
    const producer = await this.#bus.producer(progressTopic('txt2img'));
    await producer.send({ key: event.id, value: encodeEvent(event) });
  }

  /** Start, bytes, end: as many images as the job asks for. */
  async finish(job: RequestedEvent<'txt2img'>): Promise<void> {
    const count = job.settings.batch_size * job.settings.n_iters;
    const keys = Array.from({ length: count }, (_, i) =>
      count === 1 ? `${job.id}.jpg` : `${job.id}_${i}.jpg`,
    );
    await this.publish(started(job, job.attempt));
    for (const key of keys) await this.#artifacts.put(key, Buffer.from(`bytes of ${key}`), 'image/jpeg');
    await this.publish(completed(job, job.attempt, keys));
  }
}

export class MemoryArtifacts implements ArtifactStore {
  readonly #files = new Map<string, { bytes: Uint8Array; contentType: string }>();

  async put(key: string, bytes: Uint8Array, contentType: string): Promise<void> {
    this.#files.set(key, { bytes, contentType });
  }

  async putIfAbsent(key: string, bytes: Uint8Array, contentType: string): Promise<boolean> {
    if (this.#files.has(key)) return false;
    await this.put(key, bytes, contentType);
    return true;
  }

  async *read(key: string) {
    yield (await this.get(key)).bytes;
  }

  async get(key: string) {
    const file = this.#files.get(key);
    if (!file) throw new GenfleetError('artifact_not_found', key);
    return file;
  }

  async url(): Promise<string | undefined> {
    return undefined;
  }

  async delete(key: string): Promise<void> {
    this.#files.delete(key);
  }

  async health(): Promise<void> {}

  async close(): Promise<void> {}
}

/** The request of a job as the view has it; waits until it was folded. */
export async function requestOf(view: View, id: string): Promise<RequestedEvent<'txt2img'>> {
  await view.caughtUp(10_000);
  const request = view.job(id)?.request;
  if (request?.kind !== 'txt2img') throw new TypeError(`job ${id} is not in the view`);
  return request;
}

/** Waits for a condition without caring how slow the machine is. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > endMs) throw new Error('condition not met in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
