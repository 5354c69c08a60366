import { jobIdTimeMs } from '@genfleet/job';
import { idFloor, idText } from './id-bytes.ts';
import { listingOf } from './listing.ts';
import { unpackState } from './state-text.ts';
import type { ViewStore } from './view-store.ts';

/** Jobs deleted in one transaction: a millisecond or two. */
const BATCH_JOBS = 100;

/**
 * Deletes some of the jobs that are older than the time inside their ids allows, and says whether there may be
 * more. Ids that carry no time are kept. Inside a transaction.
 */
export function trimBatch(store: ViewStore, horizonMs: number, after: Uint8Array): Uint8Array | undefined {
  const { db } = store;
  const rows = db
    .prepare('SELECT n, id FROM job INDEXED BY job_id WHERE id > ? AND id < ? ORDER BY id LIMIT ?')
    .all(after, idFloor(horizonMs), BATCH_JOBS);
  const read = db.prepare('SELECT state FROM body WHERE n = ?');
  const deletions = ['body', 'job'].map((table) => db.prepare(`DELETE FROM ${table} WHERE n = ?`));
  const dropKey = db.prepare('DELETE FROM idempotency WHERE key = ? AND id = ?');
  for (const row of rows) {
    const [n, bytes] = [Number(row['n']), row['id'] as Uint8Array];
    const id = idText(bytes);
    if (jobIdTimeMs(id) === undefined) continue;
    const state = unpackState(id, String(read.get(n)?.['state']));
    if (state.request?.idempotency) dropKey.run(state.request.idempotency.key_sha256, bytes);
    for (const deletion of deletions) deletion.run(n);
    store.forget(listingOf(state));
  }
  store.saveCounts();
  return rows.length < BATCH_JOBS ? undefined : (rows.at(-1)?.['id'] as Uint8Array);
}
