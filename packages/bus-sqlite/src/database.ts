import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GenfleetError } from '@genfleet/job';
import { patiently } from './patience.ts';
import { SCHEMA, SCHEMA_VERSION } from './schema.ts';

/** For reads, which meet a lock only while another process recovers the file after a crash. */
const BUSY_TIMEOUT_MS = 2_000;

/**
 * Opens the file and makes its tables if it is new.
 * @throws GenfleetError `bus_unavailable` when it can't be written, is no such file, or is of a newer version.
 */
export function openDatabase(file: string): DatabaseSync {
  try {
    mkdirSync(dirname(file), { recursive: true });
    const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
    chmodSync(file, 0o600);
    patiently(() => database.exec('pragma journal_mode = wal'));
    database.exec('pragma synchronous = full; pragma temp_store = memory');
    inTransaction(database, () => migrate(database, file));
    return database;
  } catch (error) {
    if (error instanceof GenfleetError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new GenfleetError('bus_unavailable', `${file} can't be used as a bus: ${reason}`, { cause: error });
  }
}

/** Runs `work` in one write transaction: all of it, or nothing. Waits while another process writes. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  patiently(() => database.exec('begin immediate'));
  try {
    const result = work();
    database.exec('commit');
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

function rollBack(database: DatabaseSync): void {
  try {
    if (database.isTransaction) database.exec('rollback');
  } catch {
    // SQLite has rolled back by itself after a fault of the disk; what that fault was is the caller's to tell
  }
}

function migrate(database: DatabaseSync, file: string): void {
  const version = Number(database.prepare('pragma user_version').get()?.['user_version'] ?? 0);
  if (version === SCHEMA_VERSION) return;
  if (version > SCHEMA_VERSION) {
    throw new GenfleetError(
      'bus_unavailable',
      `${file} was written by a newer Genfleet (version ${version}; this one knows ${SCHEMA_VERSION})`,
      { retryable: false },
    );
  }
  database.exec(SCHEMA);
  database.exec(`pragma user_version = ${SCHEMA_VERSION}`);
}
