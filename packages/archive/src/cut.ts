export const HOUR_MS = 3_600_000;
/** What was published at the end of a window is read a little later. */
const LATE_MS = 2_000;

export interface CutLimits {
  /** A file holds messages of one such window of time, and of one hour; at most an hour. */
  readonly intervalMs: number;
  readonly maxMessages: number;
  /** Of the messages as text, about. */
  readonly maxChars: number;
}

/** As large as a file gets: some MB of Parquet, which a recorder makes in about four times the memory of its text. */
export const DEFAULT_LIMITS: Omit<CutLimits, 'intervalMs'> = {
  maxMessages: 50_000,
  maxChars: 6 * 1_024 * 1_024,
};

interface Placed {
  readonly messageId: string;
  readonly publishTimeMs: number;
  readonly value: string;
}

/** How far an open segment reaches. */
export interface Extent {
  readonly first: string;
  readonly last: string;
  readonly messages: number;
  readonly chars: number;
  readonly firstTimeMs: number;
  readonly lastTimeMs: number;
}

export function extended(extent: Extent | undefined, message: Placed): Extent {
  const { messageId, publishTimeMs, value } = message;
  return {
    first: extent?.first ?? messageId,
    last: messageId,
    messages: (extent?.messages ?? 0) + 1,
    chars: (extent?.chars ?? 0) + value.length,
    firstTimeMs: extent?.firstTimeMs ?? publishTimeMs,
    lastTimeMs: publishTimeMs,
  };
}

/** Whether the message may go into the same file: it is of the window of the first, or was published late. */
export function belongsTo(extent: Extent, { publishTimeMs }: Placed, { intervalMs }: CutLimits): boolean {
  return [intervalMs, HOUR_MS].every(
    (windowMs) => Math.floor(publishTimeMs / windowMs) <= Math.floor(extent.firstTimeMs / windowMs),
  );
}

export function isFull({ messages, chars }: Extent, { maxMessages, maxChars }: CutLimits): boolean {
  return messages >= maxMessages || chars >= maxChars;
}

/**
 * When the segment is closed though nothing more came: its window is over, or it was open for as long as one, should a
 * producer's clock be ahead of ours. Unix time in ms, as `openedMs`.
 */
export function dueMs({ firstTimeMs }: Extent, openedMs: number, { intervalMs }: CutLimits): number {
  const windowMs = Math.min(intervalMs, HOUR_MS);
  const ends = [windowMs, HOUR_MS].map((each) => (Math.floor(firstTimeMs / each) + 1) * each);
  return Math.min(...ends, openedMs + windowMs) + LATE_MS;
}
