import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { isOfSqlite } from './faults.ts';
import { birthOf, hostIdentity } from './process-identity.ts';

/** How long a process that was killed may count as a reader. */
const CHECK_MS = 5_000;

/** Which processes read transient topics, so that nothing is written down where nobody else would read it. */
export class Presence {
  readonly #sender: string;
  readonly #host = hostIdentity();
  readonly #version: StatementSync;
  readonly #others: StatementSync;
  readonly #enter: StatementSync;
  readonly #remove: StatementSync;
  #seenVersion = -1;
  #checkedMs = Number.NEGATIVE_INFINITY;
  #hasOthers = false;
  #isAnnounced = false;

  constructor(database: DatabaseSync, sender: string) {
    this.#sender = sender;
    this.#version = database.prepare('pragma data_version');
    this.#others = database.prepare('select sender, host, pid from readers where sender <> ?');
    this.#enter = database.prepare('insert or replace into readers (sender, host, pid) values (?, ?, ?)');
    this.#remove = database.prepare('delete from readers where sender = ?');
  }

  /** Whether anybody but this bus may read. Asks the file only after another process changed it, or now and then. */
  hasOthers(): boolean {
    const version = Number(this.#version.get()?.['data_version'] ?? 0);
    const nowMs = performance.now();
    if (version === this.#seenVersion && nowMs - this.#checkedMs < CHECK_MS) return this.#hasOthers;
    this.#seenVersion = version;
    this.#checkedMs = nowMs;
    this.#hasOthers = this.#look();
    return this.#hasOthers;
  }

  /** This bus has a reader from now on. */
  announce(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    this.#enter.run(this.#sender, this.#host, process.pid);
  }

  leave(): void {
    if (this.#isAnnounced) this.#tryTo(() => this.#remove.run(this.#sender));
  }

  #look(): boolean {
    let found = false;
    for (const { sender, host, pid } of this.#others.all(this.#sender)) {
      // of another container's processes nothing can be known
      if (host !== this.#host || birthOf(Number(pid)) !== undefined) found = true;
      else this.#tryTo(() => this.#remove.run(String(sender)));
    }
    return found;
  }

  /** A full disk must not end what only tidies up. */
  #tryTo(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!isOfSqlite(error)) throw error;
    }
  }
}
