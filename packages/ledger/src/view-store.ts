import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { JOB_STATUSES, type JobState, KINDS } from '@genfleet/job';
import { idBytes, idText } from './id-bytes.ts';
import { JobCounts } from './job-counts.ts';
import { type Listing, listingOf, sameListing, statusNumber } from './listing.ts';
import { packState, unpackState } from './state-text.ts';
import { WaitingLine } from './waiting-line.ts';

/** A job as the fold holds it: what it became, and what of it stands in the file. */
export interface JobEntry {
  readonly id: string;
  readonly key: Buffer;
  /** Row number, undefined until it is first saved. */
  row: number | undefined;
  state: JobState | undefined;
  saved: Listing | undefined;
}

/** The tables of a view: jobs, their counts, their line, and how far each topic was read. */
export class ViewStore {
  readonly db: DatabaseSync;
  readonly counts = new JobCounts();
  readonly lines = new Map<string, WaitingLine>(KINDS.map((kind) => [kind, new WaitingLine()]));
  readonly cursors = new Map<string, string>();
  readonly #runTimes = new Map<string, number>();
  readonly #newRunTimes = new Set<string>();
  readonly #find: StatementSync;
  readonly #read: StatementSync;
  readonly #insertJob: StatementSync;
  readonly #insertBody: StatementSync;
  readonly #updateJob: StatementSync;
  readonly #updateBody: StatementSync;
  readonly #saveCount: StatementSync;
  readonly #saveCursor: StatementSync;
  readonly #saveRunTime: StatementSync;
  readonly #saveMeta: StatementSync;
  readonly #saveKey: StatementSync;
  readonly #place: StatementSync;
  readonly #ahead: StatementSync;

  constructor(db: DatabaseSync) {
    this.db = db;
    const found = 'FROM job INDEXED BY job_id CROSS JOIN body ON body.n = job.n WHERE job.id = ?';
    this.#find = db.prepare(`SELECT job.n, body.state ${found}`);
    this.#read = db.prepare(`SELECT body.state ${found}`);
    this.#insertJob = db.prepare(
      `INSERT INTO job (id, tenant, model, status, kind, grouping_name, wait_ms, wait_message_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#insertBody = db.prepare('INSERT INTO body (n, state) VALUES (?, ?)');
    this.#updateJob = db.prepare(
      `UPDATE job SET tenant = ?, model = ?, status = ?, kind = ?, grouping_name = ?, wait_ms = ?,
       wait_message_id = ? WHERE n = ?`,
    );
    this.#updateBody = db.prepare('UPDATE body SET state = ? WHERE n = ?');
    this.#saveCount = db.prepare(
      'INSERT OR REPLACE INTO job_count (tenant, model, status, jobs) VALUES (?, ?, ?, ?)',
    );
    this.#saveCursor = db.prepare('INSERT OR REPLACE INTO cursor (topic, message_id) VALUES (?, ?)');
    this.#saveRunTime = db.prepare('INSERT OR REPLACE INTO run_time (model, mean_ms) VALUES (?, ?)');
    this.#place = db.prepare(
      'SELECT kind, wait_ms, wait_message_id FROM job WHERE id = ? AND wait_ms IS NOT NULL',
    );
    this.#ahead = db.prepare(
      'SELECT count(*) AS jobs FROM job WHERE kind = ? AND wait_ms = ? AND wait_message_id < ?',
    );
    this.#saveMeta = db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)');
    this.#saveKey = db.prepare(
      `INSERT INTO idempotency (key, time_ms, message_id, id) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE
       SET time_ms = excluded.time_ms, message_id = excluded.message_id, id = excluded.id
       WHERE (excluded.time_ms, excluded.message_id) < (time_ms, message_id)`,
    );
    this.#load();
  }

  read(id: string): JobState | undefined {
    const row = this.#read.get(idBytes(id));
    return row && unpackState(id, row['state'] as string);
  }

  entry(id: string): JobEntry {
    const key = idBytes(id);
    const found = this.#find.get(key);
    if (!found) return { id, key, row: undefined, state: undefined, saved: undefined };
    const state = unpackState(id, found['state'] as string);
    return { id, key, row: Number(found['n']), state, saved: listingOf(state) };
  }

  /** Writes the entry's state. Inside a transaction. */
  save(entry: JobEntry): void {
    const { state, saved } = entry;
    if (!state) return;
    const listing = listingOf(state);
    if (entry.row === undefined) {
      entry.row = Number(this.#insertJob.run(entry.key, ...columnsOf(listing)).lastInsertRowid);
      this.#insertBody.run(entry.row, packState(state));
    } else {
      if (!saved || !sameListing(saved, listing)) this.#updateJob.run(...columnsOf(listing), entry.row);
      this.#updateBody.run(packState(state), entry.row);
    }
    this.#recount(saved, listing);
    entry.saved = listing;
  }

  /** Takes a deleted job out of the counts and the line. */
  forget(listing: Listing): void {
    this.#recount(listing, undefined);
  }

  #recount(before: Listing | undefined, after: Listing | undefined): void {
    if (before && after && sameListing(before, after)) return;
    if (before) this.counts.add(before, -1);
    if (after) this.counts.add(after, 1);
    if (before?.waitMs != null) this.lines.get(before.kind)?.add(before.waitMs, -1);
    if (after?.waitMs != null) this.lines.get(after.kind)?.add(after.waitMs, 1);
  }

  /** Notes that a job was requested with a key; of several the first in the ledger stays. */
  saveKey(key: string, timeMs: number, messageId: string, id: Buffer): void {
    this.#saveKey.run(key, timeMs, messageId, id);
  }

  readByKey(key: string): JobState | undefined {
    const found = this.db.prepare('SELECT id FROM idempotency WHERE key = ?').get(key);
    return found && this.read(idText(found['id'] as Uint8Array));
  }

  /** Jobs waiting ahead of this one in the line of its kind; 0 for one that does not wait. */
  position(id: string): number {
    const place = this.#place.get(idBytes(id));
    if (!place) return 0;
    const { kind = null, wait_ms: waitMs = null, wait_message_id: messageId = null } = place;
    const sameMs = this.#ahead.get(kind, waitMs, messageId);
    return (this.lines.get(String(kind))?.before(Number(waitMs)) ?? 0) + Number(sameMs?.['jobs']);
  }

  /** Writes the counts that changed. Inside the transaction that changed them. */
  saveCounts(): void {
    for (const { tenant, model, status, jobs } of this.counts.takeTouched()) {
      this.#saveCount.run(tenant, model, statusNumber(status), jobs);
    }
  }

  saveCursor(topic: string, messageId: string): void {
    this.#saveCursor.run(topic, messageId);
    this.cursors.set(topic, messageId);
  }

  meanRunMs(model: string): number | undefined {
    return this.#runTimes.get(model);
  }

  /** Exponential mean: `m ← m + 0.1 (x − m)`, beginning with the first time. */
  addRunTime(model: string, runMs: number): void {
    const before = this.#runTimes.get(model) ?? runMs;
    const mean = before + 0.1 * (runMs - before);
    this.#runTimes.set(model, mean);
    this.#newRunTimes.add(model);
  }

  /** Writes the means that changed. */
  saveRunTimes(): void {
    for (const model of this.#newRunTimes) this.#saveRunTime.run(model, this.#runTimes.get(model) ?? 0);
    this.#newRunTimes.clear();
  }

  meta(name: string): string | undefined {
    return this.db.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value'] as
      | string
      | undefined;
  }

  saveMeta(name: string, value: string): void {
    this.#saveMeta.run(name, value);
  }

  /** Runs the changes whole or not at all. After a throw the store no longer matches its file: open another. */
  transact(changes: () => void): void {
    this.db.exec('BEGIN IMMEDIATE');
    try {
      changes();
      this.db.exec('COMMIT');
    } catch (err) {
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
      throw err;
    }
  }

  #load(): void {
    for (const row of this.db
      .prepare('SELECT tenant, model, status, jobs FROM job_count WHERE jobs > 0')
      .iterate()) {
      const status = JOB_STATUSES[Number(row['status'])] ?? 'unknown';
      this.counts.add(
        { tenant: String(row['tenant']), model: String(row['model']), status },
        Number(row['jobs']),
      );
    }
    this.counts.takeTouched();
    const line =
      'SELECT kind, wait_ms, count(*) AS jobs FROM job WHERE wait_ms IS NOT NULL GROUP BY kind, wait_ms';
    for (const row of this.db.prepare(line).iterate()) {
      this.lines.get(String(row['kind']))?.add(Number(row['wait_ms']), Number(row['jobs']));
    }
    for (const row of this.db.prepare('SELECT topic, message_id FROM cursor').iterate()) {
      this.cursors.set(String(row['topic']), String(row['message_id']));
    }
    for (const row of this.db.prepare('SELECT model, mean_ms FROM run_time').iterate()) {
      this.#runTimes.set(String(row['model']), Number(row['mean_ms']));
    }
  }
}

function columnsOf(listing: Listing) {
  const { tenant, model, status, kind, grouping, waitMs, waitMessageId } = listing;
  return [tenant, model, statusNumber(status), kind, grouping, waitMs, waitMessageId] as const;
}
