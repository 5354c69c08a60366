import type { Image } from '@genfleet/client';

const ENDED: ReadonlySet<string> = new Set(['completed', 'dead', 'cancelled']);

export function isEnded(image: Pick<Image, 'status'>): boolean {
  return ENDED.has(image.status);
}

/**
 * Which of two readings of one job to keep. Answers to polls can arrive after an event that is newer: an end is
 * never taken back but by a later life of the job, and a finished picture keeps its URL, so that it is not
 * loaded again because a store signed it anew.
 */
export function newer(known: Image | undefined, read: Image): Image {
  if (!known || read.redrive > known.redrive) return read;
  if (read.redrive < known.redrive) return known;
  return isEnded(known) ? known : read;
}

/** Newest first: ids are UUIDv7, so their text sorts by time. */
export function newestFirst(images: Iterable<Image>): Image[] {
  return [...images].sort((a, b) => (a.id < b.id ? 1 : -1));
}

/** Event streams a page may hold: browsers allow six connections to a server, over all tabs. */
export const MAX_STREAMS = 2;

/**
 * Jobs worth a stream of their own: the one that is looked at, then those that run, then the first in line.
 * All others are followed by polls.
 */
export function worthStreaming(images: Iterable<Image>, onStage: string | undefined): string[] {
  const rank = (image: Image) => (image.id === onStage ? 0 : image.status === 'running' ? 1 : 2);
  return [...images]
    .filter((image) => !isEnded(image))
    .sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1))
    .slice(0, MAX_STREAMS)
    .map(({ id }) => id);
}
