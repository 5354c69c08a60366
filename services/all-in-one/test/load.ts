import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type Client, createClient, type Image } from '@genfleet/client';

const CONNECTIONS = 8;
const AGAIN_MS = 200;
/** One job's request, all tries of it together; a broker takes a minute to come back on a busy machine. */
const PATIENCE_MS = 180_000;
const ENDED_WITHIN_MS = 180_000;

/** A picture of the demo model that takes it tens of milliseconds. */
const SETTINGS = { prompt: 'a red circle', seed: 1, steps: 1, width: 64, height: 64 };

export interface Load {
  /** Where the API is now: it may be started again elsewhere. */
  readonly url: () => string;
  readonly count: number;
  /** Names the jobs of this run: their grouping, and their Idempotency-Keys with a number behind. */
  readonly run: string;
  /** Called with the number of promises given so far, each time one is given. */
  readonly onPromised?: (promised: number) => void;
}

/**
 * Sends the requests as careful clients do: again with the same key until they are promised, whatever happens to
 * the API meanwhile. Resolves with the ids, one per request.
 */
export async function postAll({ url, count, run, onPromised }: Load): Promise<string[]> {
  const ids: string[] = [];
  let next = 0;
  const sender = async () => {
    while (next < count) {
      const idempotencyKey = `${run}-${next++}`;
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

/** Waits until `count` jobs of the run have this status, or more. */
export async function untilThereAre(
  url: () => string,
  run: string,
  status: Image['status'],
  count: number,
): Promise<void> {
  const endMs = performance.now() + ENDED_WITHIN_MS;
  for (;;) {
    const filter = { grouping: run, status: [status], limit: 1 };
    const { total } = await persist(url, (client) => client.listImages(filter));
    if (total >= count) return;
    if (performance.now() > endMs) throw new Error(`${total} of ${count} jobs are ${status}`);
    await sleep(AGAIN_MS);
  }
}

/** What the API says of each of these jobs. */
export async function readAll(url: () => string, ids: readonly string[]): Promise<Image[]> {
  const images: Image[] = [];
  for (const id of ids) images.push(await persist(url, (client) => client.getImage(id)));
  return images;
}
