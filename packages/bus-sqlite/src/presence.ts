import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOfSqlite } from './faults.ts';
import { birthOf, hostIdentity } from './process-identity.ts';

/** How long a process that was killed may count as a reader. */
const CHECK_MS = 5_000;
/** For how long nobody asks whether others have come: a reader that comes counts as one after that time. */
const UNSEEN_MS = 20;

/** Which processes read transient topics, so that nothing is written down where nobody else would read it. */
export class Presence {
  readonly #sender: string;
  readonly #host = hostIdentity();
  readonly #version: StatementSync;
  readonly #others: StatementSync;
  readonly #enter: StatementSync;
  readonly #remove: StatementSync;
  #seenVersion = -1;
  #askedMs = Number.NEGATIVE_INFINITY;
  #checkedMs = Number.NEGATIVE_INFINITY;
  #hasOthers = false;
  #announced: Promise<void> | undefined;

  constructor(database: DatabaseSync, sender: string) {
    this.#sender = sender;
    this.#version = database.prepare('pragma data_version');
    this.#others = database.prepare('select sender, host, pid from readers where sender <> ?');
    this.#enter = database.prepare('insert or replace into readers (sender, host, pid) values (?, ?, ?)');
    this.#remove = database.prepare('delete from readers where sender = ?');
  }

  /** Whether anybody but this bus may read. Reads the file only after another process changed it, or now and then. */
  hasOthers(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#askedMs < UNSEEN_MS) return this.#hasOthers;
    this.#askedMs = nowMs;
    const version = Number(this.#version.get()?.['data_version'] ?? 0);
    if (version === this.#seenVersion && nowMs - this.#checkedMs < CHECK_MS) return this.#hasOthers;
    this.#seenVersion = version;
    this.#checkedMs = nowMs;
    this.#hasOthers = this.#look();
    return this.#hasOthers;
  }

  /** This bus has a reader, of whom all senders know once it resolves. */
  async announce(): Promise<void> {
    if (!this.#announced) {
      this.#enter.run(this.#sender, this.#host, process.pid);
      this.#announced = sleep(2 * UNSEEN_MS);
    }
    await this.#announced;
  }

  leave(): void {
    if (this.#announced) this.#tryTo(() => this.#remove.run(this.#sender));
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
