import { ApiError } from '@genfleet/client';
import { chooseStreams } from './follow.ts';
import { chooseModel } from './form.ts';
import { active, deadTotal, forget, hasLoaded, listed, take, takePage } from './jobs.ts';
import { client, isOnline, isOutage, known, readModels } from './server.ts';

const PAGE_SIZE = 24;
const MAX_SHIFTED_PAGES = 5;
const BUSY_MS = 2_000;
const IDLE_MS = 15_000;
const OFFLINE_FIRST_MS = 500;
const OFFLINE_MAX_MS = 5_000;
/** Jobs read one by one in a poll when they have left the list of those under way. */
const MAX_SINGLE_READS = 20;
const UNDER_WAY = ['queued', 'running', 'retrying'] as const;

let failures = 0;
let firstPageAtMs = Number.NEGATIVE_INFINITY;
let timer: number | undefined;
let isPolling = false;

/** Reads the server's state now and then for as long as the page lives: the truth under the event streams. */
export function watch(): void {
  const now = () => void pollSoon(0);
  document.addEventListener('visibilitychange', () => {
    chooseStreams();
    // another tab may have asked for something
    if (!document.hidden) refreshSoon();
  });
  window.addEventListener('online', now);
  now();
}

/** Brings the next poll forward. */
export function pollSoon(delayMs: number): void {
  window.clearTimeout(timer);
  timer = window.setTimeout(poll, delayMs);
}

async function poll(): Promise<void> {
  if (isPolling) return;
  isPolling = true;
  try {
    await readActive();
    const isDue = performance.now() - firstPageAtMs >= IDLE_MS;
    // a fleet that has just started announces its models in a moment
    if (isDue || failures > 0 || known.value.length === 0) await readFirstPage();
    failures = 0;
    isOnline.value = true;
  } catch (error) {
    failures += 1;
    // one failure is no outage: the server may have closed an idle connection
    if (failures > 1) isOnline.value = !isOutage(error);
  } finally {
    isPolling = false;
    chooseStreams();
    pollSoon(nextDelayMs());
  }
}

function nextDelayMs(): number {
  if (failures > 0) return Math.min(OFFLINE_FIRST_MS * 2 ** (failures - 1), OFFLINE_MAX_MS);
  const isBusy = active.value.length > 0 || known.value.length === 0;
  return isBusy && !document.hidden ? BUSY_MS : IDLE_MS;
}

async function readActive(): Promise<void> {
  const before = active.value;
  if (before.length === 0) return;
  const { images } = await client.listImages({ status: UNDER_WAY, limit: 100 });
  take(images);
  const listed = new Set(images.map(({ id }) => id));
  for (const { id } of before.filter((image) => !listed.has(image.id)).slice(0, MAX_SINGLE_READS)) {
    await readOne(id);
  }
}

/** A server that was given a new record does not know the job any more. */
async function readOne(id: string): Promise<void> {
  try {
    take([await client.getImage(id)]);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    forget(id);
  }
}

async function readFirstPage(): Promise<void> {
  takePage(await client.listImages({ limit: PAGE_SIZE }));
  chooseModel(await readModels());
  deadTotal.value = (await client.deadLetters({ limit: 1 })).total;
  firstPageAtMs = performance.now();
  hasLoaded.value = true;
}

/** Reads everything again now: something was changed. */
export function refreshSoon(): void {
  firstPageAtMs = Number.NEGATIVE_INFINITY;
  pollSoon(0);
}

/** The next older jobs. Newer ones that were not seen yet shift the pages, so it looks on until it finds some. */
export async function loadMore(): Promise<void> {
  let offset = listed.value.length;
  for (let tries = 0; tries < MAX_SHIFTED_PAGES; tries += 1) {
    const before = listed.value.length;
    const page = await client.listImages({ limit: PAGE_SIZE, offset });
    takePage(page);
    offset += page.images.length;
    if (listed.value.length > before || page.images.length < PAGE_SIZE) return;
  }
}
