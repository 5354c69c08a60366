/** SQLite's primary result codes, https://sqlite.org/rescode.html */
const BUSY = 5;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const FAULTS: Readonly<Record<number, readonly [text: string, retryable: boolean]>> = {
  [BUSY]: ['another process keeps it locked', true],
  8: ['it is read-only', true],
  10: ['the disk reports an error, or a limit on the size of files', true],
  [CORRUPT]: ['it is damaged', false],
  13: ['the disk is full', true],
  14: ['it cannot be opened', true],
  [NOT_A_DATABASE]: ['it is not a SQLite database', false],
};

/** Undefined for what does not come from SQLite. Not by `instanceof`: errors may come from another realm. */
function resultCode(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('errcode' in thrown)) return undefined;
  // the low byte of an extended code is the primary one
  return typeof thrown.errcode === 'number' ? thrown.errcode & 0xff : undefined;
}

export function isOfSqlite(thrown: unknown): boolean {
  return resultCode(thrown) !== undefined;
}

export function isBusy(thrown: unknown): boolean {
  return resultCode(thrown) === BUSY;
}

export function isDamaged(thrown: unknown): boolean {
  const code = resultCode(thrown);
  return code === CORRUPT || code === NOT_A_DATABASE;
}

/** The file is there and must not be used. */
export class FileRefused extends Error {}

/** A failure as it crosses threads. The thread keeps to itself: what `@genfleet/job` loads would cost it memory. */
export interface Fault {
  readonly message: string;
  readonly retryable: boolean;
}

/** What a failure of the file means to a caller, and whether trying again can help. */
export function faultOf(thrown: unknown, file: string): Fault {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const known = FAULTS[resultCode(thrown) ?? -1];
  const words = known ? `${known[0]} (${message})` : message;
  return {
    message: `${file} can't be used as a bus: ${words}`,
    retryable: known?.[1] ?? !(thrown instanceof FileRefused),
  };
}
