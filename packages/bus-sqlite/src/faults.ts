import { GenfleetError } from '@genfleet/job';

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

function resultCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return undefined;
  // the low byte of an extended code is the primary one
  return typeof thrown.errcode === 'number' ? thrown.errcode & 0xff : undefined;
}

export function isBusy(thrown: unknown): boolean {
  return resultCode(thrown) === BUSY;
}

export function isDamaged(thrown: unknown): boolean {
  const code = resultCode(thrown);
  return code === CORRUPT || code === NOT_A_DATABASE;
}

/** What a failure of the file means to a caller, and whether trying again can help. */
export function faultOf(thrown: unknown, file: string): GenfleetError {
  if (thrown instanceof GenfleetError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const known = FAULTS[resultCode(thrown) ?? -1];
  const words = known ? `${known[0]} (${message})` : message;
  const text = `${file} can't be used as a bus: ${words}`;
  return new GenfleetError('bus_unavailable', text, { cause: thrown, retryable: known?.[1] ?? true });
}
