import { ApiError, type JobFilter as Asked, type JobKind, type JobList } from '@genfleet/client';
import { signal } from '@preact/signals';
import { client, isOutage, messageOf } from '../server.ts';
import { boundsOf, type JobFilter, periodOf } from './filter.ts';
import { appended, difference, isBusy, type Rows, refreshed, updatedInPlace } from './rows.ts';

const PAGE_SIZE = 50;
/** Who looks for something among so many jobs is better off with a filter, and so is the browser. */
export const MAX_ROWS = 1_000;
const BUSY_MS = 3_000;
const IDLE_MS = 5_000;

/** The table as it is shown; undefined before there is any. */
export const shown = signal<Rows | undefined>(undefined);
/** What the table will be when it is let go; see `openList`. */
export const waiting = signal<Rows | undefined>(undefined);
/** Whether what is shown belongs to another filter. */
export const isLoading = signal(false);
/** Why the list could not be read. */
export const fault = signal<string | undefined>(undefined);

let wake = (): void => undefined;

/**
 * Reads the list and keeps its beginning up to date until the returned function is called. While `isHeld()`, because
 * somebody points at a row or reads further down, no row moves: what came and went waits, and is told of.
 */
export function openList(filter: JobFilter, isHeld: () => boolean): () => void {
  const closed = new AbortController();
  isLoading.value = true;
  fault.value = undefined;
  waiting.value = undefined;
  void keepReading(filter, isHeld, closed.signal);
  document.addEventListener('visibilitychange', wakeIfSeen, { signal: closed.signal });
  return () => closed.abort();
}

/** Reads the beginning of the list again now. */
export function readSoon(): void {
  wake();
}

function wakeIfSeen(): void {
  if (!document.hidden) wake();
}

async function keepReading(filter: JobFilter, isHeld: () => boolean, closed: AbortSignal): Promise<void> {
  for (let isFirst = true; !closed.aborted; ) {
    try {
      const page = await client.jobs.list(askedFor(filter), { signal: closed });
      if (closed.aborted) return;
      if (isFirst) shown.value = { rows: page.jobs, next: page.next };
      else take(page, isHeld());
      isFirst = false;
      fault.value = undefined;
    } catch (error) {
      if (closed.aborted) return;
      fault.value = messageOf(error);
      if (isFirst) shown.value = undefined;
      isLoading.value = false;
      // what was refused will be refused again
      if (!mayHelp(error)) return;
    }
    isLoading.value = false;
    await pause(shown.value && isBusy(shown.value) ? BUSY_MS : IDLE_MS, closed);
  }
}

function mayHelp(error: unknown): boolean {
  return isOutage(error) || (error instanceof ApiError && error.retryAfterSeconds !== undefined);
}

function take(page: JobList, isHeld: boolean): void {
  if (!shown.value) return;
  const newer = refreshed(waiting.value ?? shown.value, page);
  const { come, gone } = difference(shown.value, newer);
  if (isHeld && come + gone > 0) {
    waiting.value = newer;
    shown.value = updatedInPlace(shown.value, newer);
  } else {
    waiting.value = undefined;
    shown.value = newer;
  }
}

/** Lets what waits into the table. */
export function letIn(): void {
  if (waiting.value) shown.value = waiting.value;
  waiting.value = undefined;
}

/** Reads the page behind the last one. @throws what the server says against it */
export async function readOlder(filter: JobFilter): Promise<void> {
  letIn();
  const cursor = shown.value?.next;
  if (cursor == null) return;
  const page = await client.jobs.list({ ...askedFor(filter), cursor });
  // another filter may have been chosen meanwhile
  if (shown.value?.next === cursor) shown.value = appended(shown.value, page);
}

function askedFor(filter: JobFilter): Asked {
  const { kind, status, model, tenant, grouping } = filter;
  return {
    limit: PAGE_SIZE,
    ...boundsOf(periodOf(filter, Date.now())),
    ...(kind === '' ? {} : { kind: [kind as JobKind] }),
    ...(status.length === 0 ? {} : { status }),
    ...(model === '' ? {} : { model }),
    ...(tenant === '' ? {} : { tenant }),
    ...(grouping === '' ? {} : { grouping }),
  };
}

/** Waits that long, and on while nobody sees the page, unless it is woken. */
function pause(ms: number, closed: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => !document.hidden && resolve(), ms);
  wake = resolve;
  const stop = () => resolve();
  closed.addEventListener('abort', stop);
  return promise.finally(() => {
    clearTimeout(timer);
    closed.removeEventListener('abort', stop);
  });
}
