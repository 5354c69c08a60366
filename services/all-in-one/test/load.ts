import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type Client, createClient, type Image, type ListFilter } from '@genfleet/client';

const CONNECTIONS = 8;
const AGAIN_MS = 200;
/** One job's request, all tries of it together; a broker takes a minute to come back on a busy machine. */
const PATIENCE_MS = 360_000;
const ENDED_WITHIN_MS = 360_000;

/** A picture of the demo model that takes it tens of milliseconds. */
const SETTINGS = { prompt: 'a red circle', seed: 1, steps: 1, width: 64, height: 64 };

export interface Load {
  /** Where the API is now: it may be started again elsewhere. */
  readonly url: () => string;
  readonly count: number;
  /** Names the jobs of this run: their grouping, and their Idempotency-Keys with a number behind. */
  readonly run: string;
  /** Awaited before request number `n`, from 0, is sent for the first time. */
  readonly beforeRequest?: (n: number) => Promise<void> | undefined;
  /** Called with the number of promises given so far, each time one is given. */
  readonly onPromised?: (promised: number) => void;
}

/**
 * Sends the requests as careful clients do: again with the same key until they are promised, whatever happens to
 * the API meanwhile. Resolves with the ids, one per request.
 */
export async function postAll({ url, count, run, beforeRequest, onPromised }: Load): Promise<string[]> {
  const ids: string[] = [];
  let next = 0;
  const sender = async () => {
    while (next < count) {
      const n = next++;
      await beforeRequest?.(n);
      const idempotencyKey = `${run}-${n}`;
      const body = { generation_settings: SETTINGS, metadata: { grouping: run } };
      const { id } = await persist(url, (client) => client.createImage(body, { idempotencyKey }));
      ids.push(id);
      onPromised?.(ids.length);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sender));
  return ids;
}

/** Tries until the API answers, as long as it is away or says that it can't answer now. */
async function persist<T>(url: () => string, call: (client: Client) => Promise<T>): Promise<T> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await call(createClient({ baseUrl: url() }));
    } catch (error) {
      const isFinal = error instanceof ApiError && error.status !== 503;
      if (isFinal || performance.now() > endMs) throw error;
    }
    await sleep(AGAIN_MS);
  }
}

/** Waits until `count` jobs of the run are completed, or more. */
export async function untilCompleted(url: () => string, run: string, count: number): Promise<void> {
  await untilTotal(url, { grouping: run, status: ['completed'] }, (total) => total >= count);
}

/** Waits until no job of the run is in line or under way. */
export async function untilAllEnded(url: () => string, run: string): Promise<void> {
  const status = ['queued', 'running', 'retrying'] as const;
  await untilTotal(url, { grouping: run, status }, (total) => total === 0);
}

async function untilTotal(url: () => string, filter: ListFilter, isEnough: (total: number) => boolean) {
  const endMs = performance.now() + ENDED_WITHIN_MS;
  for (;;) {
    const { total } = await persist(url, (client) => client.listImages({ ...filter, limit: 1 }));
    if (isEnough(total)) return;
    if (performance.now() > endMs) throw new Error(`still ${total} jobs ${JSON.stringify(filter)}`);
    await sleep(AGAIN_MS);
  }
}

/** What the API says of each of these jobs. */
export async function readAll(url: () => string, ids: readonly string[]): Promise<Image[]> {
  const images: Image[] = [];
  for (const id of ids) images.push(await persist(url, (client) => client.getImage(id)));
  return images;
}
