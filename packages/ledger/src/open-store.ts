import { GenfleetError } from '@genfleet/job';
import { isDamage, openViewFile, remake } from './view-file.ts';
import { ViewStore } from './view-store.ts';

/** A file that opens may still turn out damaged as its counts are read. */
export function openStore(file: string): { store: ViewStore; rebuilt: string | undefined } {
  const { db, rebuilt } = openViewFile(file);
  try {
    return { store: new ViewStore(db), rebuilt };
  } catch (err) {
    db.close();
    if (!isDamage(err)) throw GenfleetError.from(err, 'ledger_failed');
    const reason = 'it is damaged';
    return { store: new ViewStore(remake(file, reason).db), rebuilt: reason };
  }
}
