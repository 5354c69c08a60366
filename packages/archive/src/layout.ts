/** Topics have no partitions; the name leaves room for them. */
const PARTITION = 0;
/** Hidden from what reads the folders as tables: names that begin so are left out by Hive and Trino. */
const RECORDS = '_segments';
const HOUR_MS = 3_600_000;

/** A message id as a part of a name: colons are not welcome everywhere. Sorts as ids do. */
const named = (messageId: string) => messageId.replaceAll(':', '.');

/** Where records of a topic's segments lie. */
export const recordFolder = (table: string) => `${table}/${RECORDS}`;

/**
 * The one place for the record of the segment that follows this message, of the first one where it is undefined. Sorts in
 * the order of the topic, the first one before all.
 */
export function recordKey(table: string, after: string | undefined): string {
  return `${recordFolder(table)}/${PARTITION}-${named(after ?? '0')}.json`;
}

/** Whether the record under this key is of a segment that begins behind the message. */
export function isBehind(table: string, key: string, messageId: string): boolean {
  return key > recordKey(table, messageId);
}

/** `table/dt=2026-03-01/hour=12/0-<first>-<last>.parquet`, by the hour in UTC of the first message. */
export function fileKey(
  table: string,
  { first, last, firstTimeMs }: { first: string; last: string; firstTimeMs: number },
): string {
  const hour = new Date(Math.floor(firstTimeMs / HOUR_MS) * HOUR_MS).toISOString();
  const folder = `${table}/dt=${hour.slice(0, 10)}/hour=${hour.slice(11, 13)}`;
  return `${folder}/${PARTITION}-${named(first)}-${named(last)}.parquet`;
}
