/** A message on its way into a table. */
export interface MessageEntry {
  readonly messageId: string;
  readonly key: string;
  /** As JSON. */
  readonly value: string;
  /** As JSON. */
  readonly properties: string;
  /** Unix time in ms. */
  readonly timeMs: number;
}

/** The message as an object in JSON that `rowsOf` takes apart. What cannot be UTF-8 is replaced. */
export function entryOf({ messageId, key, value, properties, timeMs }: MessageEntry): string {
  const [m, k, p] = [messageId, key, properties].map((text) => JSON.stringify(text.toWellFormed()));
  return `{"m":${m},"k":${k},"p":${p},"t":${timeMs},"v":${value}}`;
}
