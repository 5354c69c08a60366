import type { Image, ImagePage } from '@genfleet/client';
import { computed, signal } from '@preact/signals';
import { isEnded, newer, newestFirst } from './merge.ts';

/** How far a running job is, and what can be seen of it. */
export interface Live {
  readonly step: number;
  readonly steps: number;
  /** A small picture as a data URL. */
  readonly preview: string | undefined;
}

/** Previews kept after their job ended, until its picture has been loaded. */
const MAX_LIVE = 32;

export const jobs = signal<ReadonlyMap<string, Image>>(new Map());
export const live = signal<ReadonlyMap<string, Live>>(new Map());
/** How many jobs the server has in all, as far as known. */
export const total = signal(0);
/** How many dead letters the server has, as far as known. */
export const deadTotal = signal(0);
/** The oldest job that the pages of the gallery have reached: all that are newer were on them. */
const horizon = signal<string | undefined>(undefined);
/** Whether the first page of the gallery has been read. */
export const hasLoaded = signal(false);
/** The job that the page shows large because the user asked for it. */
export const chosenId = signal<string | undefined>(undefined);

export const gallery = computed(() => newestFirst(jobs.value.values()));
export const active = computed(() => gallery.value.filter((image) => !isEnded(image)));
/** What the gallery shows: no gaps, so not the dead letters that were read further back. */
export const listed = computed(() =>
  gallery.value.filter((image) => image.id >= (horizon.value ?? '') || !isEnded(image)),
);
export const isMore = computed(() => listed.value.length < total.value);
const deadKnown = computed(() => gallery.value.filter(({ status }) => status === 'dead').length);
export const deadCount = computed(() => Math.max(deadTotal.value, deadKnown.value));

/** The job on the stage: the one chosen, else the oldest that is under way, else the newest picture. */
export const onStage = computed<Image | undefined>(() => {
  const chosen = chosenId.value === undefined ? undefined : jobs.value.get(chosenId.value);
  return chosen ?? active.value.at(-1) ?? gallery.value.find(({ status }) => status === 'completed');
});

export function take(images: readonly Image[]): void {
  const next = new Map(jobs.value);
  let isChanged = false;
  for (const image of images) {
    const known = next.get(image.id);
    const kept = newer(known, image);
    if (kept === known) continue;
    next.set(image.id, kept);
    isChanged = true;
  }
  if (isChanged) jobs.value = next;
}

export function takePage(page: ImagePage): void {
  take(page.images);
  total.value = page.total;
  const oldest = page.images.at(-1)?.id;
  if (oldest !== undefined && oldest < (horizon.value ?? '~')) horizon.value = oldest;
}

/** A reading that is certainly the newest: an event's, or one asked for because a URL had expired. */
export function replace(image: Image): void {
  jobs.value = new Map(jobs.value).set(image.id, image);
}

export function forget(id: string): void {
  const next = new Map(jobs.value);
  next.delete(id);
  jobs.value = next;
}

/** Changes what an event says of a job that is known. */
export function patch(id: string, change: Partial<Image>): void {
  const known = jobs.value.get(id);
  if (known) replace({ ...known, ...change });
}

export function setLive(id: string, value: Live): void {
  const next = new Map(live.value);
  next.delete(id);
  next.set(id, value);
  for (const oldest of next.keys()) {
    if (next.size <= MAX_LIVE) break;
    next.delete(oldest);
  }
  live.value = next;
}

export function dropLive(id: string): void {
  if (!live.value.has(id)) return;
  const next = new Map(live.value);
  next.delete(id);
  live.value = next;
}
