import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { uptime } from 'node:os';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GenfleetError } from '@genfleet/job';

/** Raised whenever the tables, what is packed into them, or the meaning of the fold changes. */
const SCHEMA_VERSION = 2;
const APPLICATION_ID = 0x47_66_56_77;
const CACHE_KIB = 8_192;
const OWNER_ONLY = 0o600;
/** Result codes, https://sqlite.org/rescode.html */
const ERROR = 1;
const BUSY = 5;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

const TABLES = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE cursor (topic TEXT PRIMARY KEY, message_id TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE job (
    n INTEGER PRIMARY KEY, id BLOB NOT NULL, tenant TEXT NOT NULL, model TEXT NOT NULL, status INTEGER NOT NULL,
    kind TEXT NOT NULL, grouping_name TEXT, wait_ms INTEGER, wait_message_id TEXT
  );
  CREATE UNIQUE INDEX job_id ON job (id);
  CREATE INDEX job_tenant_status ON job (tenant, status, id);
  CREATE INDEX job_model ON job (model, id);
  CREATE INDEX job_grouping ON job (grouping_name, id) WHERE grouping_name IS NOT NULL;
  CREATE INDEX job_line ON job (kind, wait_ms, wait_message_id) WHERE wait_ms IS NOT NULL;
  CREATE TABLE body (n INTEGER PRIMARY KEY, state TEXT NOT NULL);
  CREATE TABLE idempotency (
    key TEXT PRIMARY KEY, time_ms INTEGER NOT NULL, message_id TEXT NOT NULL, id BLOB NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE job_count (
    tenant TEXT NOT NULL, model TEXT NOT NULL, status INTEGER NOT NULL, jobs INTEGER NOT NULL,
    PRIMARY KEY (tenant, model, status)
  ) WITHOUT ROWID;
  CREATE TABLE run_time (model TEXT PRIMARY KEY, mean_ms REAL NOT NULL) WITHOUT ROWID;
`;

export interface OpenedFile {
  readonly db: DatabaseSync;
  /** Why the file was made anew, undefined when it was taken as it stood. */
  readonly rebuilt: string | undefined;
}

/**
 * Opens the view's file, or makes it anew when it is missing, of another version, damaged, or was written by a
 * machine that went down before the file was closed: nothing is synced while the view runs, so after a power cut
 * it may be half-written, while after a mere crash of the process it is whole.
 * @throws GenfleetError `ledger_failed` when another process has it open or it can't be made.
 */
export function openViewFile(file: string): OpenedFile {
  if (file === ':memory:') return { db: createTables(new DatabaseSync(file)), rebuilt: 'it is in memory' };
  if (!existsSync(file)) return remake(file, 'there is none yet');
  let db: DatabaseSync | undefined;
  try {
    db = connect(file);
    const fault = faultOf(db);
    if (fault === undefined) {
      markOpen(db);
      return { db, rebuilt: undefined };
    }
    db.close();
    return remake(file, fault);
  } catch (err) {
    db?.close();
    if (codeOf(err) === BUSY) throw inUse(file, err);
    // a table that is missing is SQLITE_ERROR
    if (!isDamage(err) && codeOf(err) !== ERROR)
      throw new GenfleetError('ledger_failed', `the view's file ${file}: ${reasonOf(err)}`, { cause: err });
    return remake(file, reasonOf(err));
  }
}

function inUse(file: string, cause: unknown): GenfleetError {
  const message = `${file} is open in another process: stop the other Genfleet, or give this one a DATA_DIR of its own`;
  return new GenfleetError('ledger_failed', message, { cause });
}

/** Throws the file away and starts with an empty one. */
export function remake(file: string, reason: string): OpenedFile {
  try {
    mkdirSync(dirname(file), { recursive: true });
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true });
    // prompts are in it; SQLite gives its neighbours the same permissions
    closeSync(openSync(file, 'a', OWNER_ONLY));
    const db = createTables(connect(file));
    markOpen(db);
    return { db, rebuilt: reason };
  } catch (cause) {
    throw new GenfleetError('ledger_failed', `the view's file ${file} can't be made: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

/** Writes everything to the disk and says so, so that the file is trusted even after a power cut. */
export function closeViewFile(db: DatabaseSync): void {
  db.exec(`PRAGMA synchronous = FULL; INSERT OR REPLACE INTO meta VALUES ('closed', '1')`);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

/** Whether SQLite says that the file is malformed or none of its own (SQLITE_CORRUPT, SQLITE_NOTADB). */
export function isDamage(err: unknown): boolean {
  return [CORRUPT, NOT_A_DATABASE].includes(codeOf(err));
}

/** The primary result code of SQLite, 0 for another error. */
function codeOf(err: unknown): number {
  const code = (err as { errcode?: unknown }).errcode;
  return typeof code === 'number' ? code & 0xff : 0;
}

function connect(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  try {
    db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
      PRAGMA wal_autocheckpoint = 1000; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -${CACHE_KIB}`);
    return db;
  } catch (err) {
    db.close();
    throw err;
  }
}

function createTables(db: DatabaseSync): DatabaseSync {
  db.exec(
    `BEGIN; ${TABLES} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`,
  );
  return db;
}

function faultOf(db: DatabaseSync): string | undefined {
  const { application_id: application } = db.prepare('PRAGMA application_id').get() ?? {};
  const { user_version: version } = db.prepare('PRAGMA user_version').get() ?? {};
  if (application !== APPLICATION_ID) return 'it is not a view';
  if (version !== SCHEMA_VERSION) return `its version is ${version}, not ${SCHEMA_VERSION}`;
  const meta = new Map(
    db
      .prepare('SELECT name, value FROM meta')
      .all()
      .map((row) => [row['name'], row['value']]),
  );
  const wasClosed = meta.get('closed') === '1';
  return wasClosed || meta.get('boot') === bootId()
    ? undefined
    : 'the machine went down while it was written';
}

function markOpen(db: DatabaseSync): void {
  db.exec('PRAGMA synchronous = FULL');
  const put = db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');
  db.exec('BEGIN');
  put.run('closed', '0');
  put.run('boot', bootId());
  db.exec('COMMIT; PRAGMA synchronous = OFF');
}

/** Differs after every start of the machine. Where the kernel has no id for it, its start to the minute. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `up since ${Math.round((Date.now() / 1_000 - uptime()) / 60)}`;
  }
}

function reasonOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}
