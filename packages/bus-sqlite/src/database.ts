import { closeSync, fdatasyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FileRefused } from './faults.ts';
import { patiently } from './patience.ts';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.ts';

/** A reader meets a lock only while another process recovers the file after a crash. */
const READER_TIMEOUT_MS = 2_000;
const OWNER_ONLY = 0o600;
/** After so many the log is copied into the file and written from its beginning again. */
const LOG_PAGES = 2_000;
const PAGE_BYTES = 4_096;
const PIECE_BYTES = 16 * PAGE_BYTES;
/** Pages a writer keeps in memory before they go to the log, their transaction ended or not: 8 MiB. */
const CACHE = -8_192;
const SMALLEST_CACHE = 16;

/**
 * Opens the file for writing, creating it and its folder where they are missing. Readable by its owner only;
 * SQLite gives its neighbours `-wal` and `-shm` the same permissions.
 * @throws what `faultOf` explains, when it can't be written, is no such file, or is of a newer version.
 */
export function openForWriting(file: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true });
    closeSync(openSync(file, 'a', OWNER_ONLY));
    const opened = new DatabaseSync(file, { timeout: 0 });
    database = opened;
    patiently(() => opened.exec('pragma journal_mode = wal'));
    opened.exec(`pragma temp_store = memory; pragma cache_size = ${CACHE};
      pragma wal_autocheckpoint = ${LOG_PAGES}; pragma journal_size_limit = 67108864;`);
    inTransaction(opened, () => migrate(opened));
    return opened;
  } catch (error) {
    database?.close();
    throw error;
  }
}

/** Opens a file that `openForWriting` has made ready. */
export function openForReading(file: string): DatabaseSync {
  return new DatabaseSync(file, { readOnly: true, timeout: READER_TIMEOUT_MS });
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

/**
 * Makes the log as long as it gets, with pages that are rolled back. A commit that makes a file longer waits for the file
 * system's journal as well, which takes several times as long as to write over what is there: without this every commit
 * did, from each start until the log was full for the first time.
 * @throws what SQLite throws, where there is no room for it: then it grows as it is written.
 */
export function lengthenLog(database: DatabaseSync, file: string): void {
  const log = `${file}-wal`;
  const bytes = LOG_PAGES * PAGE_BYTES;
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) >= bytes) return;
  patiently(() => database.exec('begin immediate'));
  try {
    database.exec(`pragma cache_size = ${SMALLEST_CACHE}`);
    // one large value would be held in memory several times over, which the process keeps
    const add = database.prepare(
      `insert into owners (host, pid, born) values (zeroblob(${PIECE_BYTES}), 0, '')`,
    );
    for (let added = 0; added < bytes; added += PIECE_BYTES) add.run();
  } finally {
    rollBack(database);
    database.exec(`pragma cache_size = ${CACHE}`);
  }
  // else the next commit would wait for all of it
  const number = openSync(log, 'r');
  try {
    fdatasyncSync(number);
  } finally {
    closeSync(number);
  }
}

function rollBack(database: DatabaseSync): void {
  try {
    if (database.isTransaction) database.exec('rollback');
  } catch {
    // SQLite has rolled back by itself after a fault of the disk; what that fault was is the caller's to tell
  }
}

function migrate(database: DatabaseSync): void {
  const pragma = (name: string) => Number(database.prepare(`pragma ${name}`).get()?.[name]);
  if (pragma('application_id') === APPLICATION_ID) {
    const version = pragma('user_version');
    if (version === SCHEMA_VERSION) return;
    throw new FileRefused(`a newer Genfleet wrote it (version ${version}; this one knows ${SCHEMA_VERSION})`);
  }
  const tables = Number(database.prepare('select count(*) as count from sqlite_schema').get()?.['count']);
  if (tables > 0) throw new FileRefused('it is the database of another program');
  database.exec(SCHEMA);
  database.exec(`pragma application_id = ${APPLICATION_ID}; pragma user_version = ${SCHEMA_VERSION}`);
}
