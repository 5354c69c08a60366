/** Topics have no partitions; the name leaves room for them. */
const PARTITION = 0;
/** Hidden from what reads the folders as tables: names that begin so are left out by Hive and Trino. */
const RECORDS = '_segments';
const HOUR_MS = 3_600_000;

/** A message id as a part of a name: colons are not welcome everywhere. Sorts as ids do. */
const named = (messageId: string) => messageId.replaceAll(':', '.');

/** The message at the end of a name, as it is named there. */
const LAST_IN_FILE = /-([^-]+)\.parquet$/;
const AFTER_IN_RECORD = /\/\d+-([^/]+)\.json$/;

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
  return `${hourFolder(table, firstTimeMs)}/${PARTITION}-${named(first)}-${named(last)}.parquet`;
}

function hourFolder(table: string, timeMs: number): string {
  const hour = new Date(Math.floor(timeMs / HOUR_MS) * HOUR_MS).toISOString();
  return `${filesFrom(table)}${hour.slice(0, 10)}/hour=${hour.slice(11, 13)}`;
}

/** What the keys of all of a topic's files begin with, and those of its records do not. */
export const filesFrom = (table: string) => `${table}/dt=`;

/**
 * Keys of files that hold nothing that was published at this time (Unix ms) or later: those from the first of these up to,
 * and without, the second. A file is named for the hour of its first message, and none of the others is of a later one.
 */
export function hoursBefore(table: string, timeMs: number): readonly [from: string, to: string] {
  return [filesFrom(table), hourFolder(table, timeMs)];
}

/** The last message of the file, and the message that a record follows: both as names have them, so that they compare. */
export const lastInFile = (key: string) => LAST_IN_FILE.exec(key)?.[1];
export const afterInRecord = (key: string) => AFTER_IN_RECORD.exec(key)?.[1];
