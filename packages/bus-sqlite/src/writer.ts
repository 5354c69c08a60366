import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from './database.ts';
import { Line } from './line.ts';
import { Owners } from './owners.ts';
import type { Fetch, Fetched, Group, GroupResult, Handed } from './protocol.ts';
import { Retention } from './retention.ts';
import { StandingFetches } from './standing-fetches.ts';
import { Topics } from './topics.ts';

/** All that changes the file. Runs in a thread of its own; every public call is at most one transaction. */
export class Writer {
  readonly #database: DatabaseSync;
  readonly #topics: Topics;
  readonly #line: Line;
  readonly #owners: Owners;
  readonly #retention: Retention;
  readonly #standing = new StandingFetches();
  #isSynced: boolean | undefined;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#topics = new Topics(database);
    this.#line = new Line(database);
    this.#owners = new Owners(database);
    this.#retention = new Retention(database);
  }

  /**
   * All groups or none. Messages are synced to the disk before this returns, unless all are fleeting; settlements and
   * hand-outs alone are not: a killed process loses none of them, and a power cut costs a second delivery at most.
   */
  apply(groups: readonly Group[]): { results: GroupResult[]; handed: Handed[] } {
    const isSynced = groups.some(({ publishes, ensures }) => publishes.synced + ensures.length > 0);
    const restore = this.#standing.snapshot();
    try {
      return this.#transaction(isSynced, () => {
        const results = groups.map((group) => this.#apply(group));
        const topics = new Set(groups.flatMap(({ publishes }) => publishes.topics));
        const take = (fetch: Fetch) => this.#line.fetch(fetch, this.#owners.own());
        return { results, handed: topics.size > 0 ? this.#standing.serve(topics, take) : [] };
      });
    } catch (error) {
      restore();
      throw error;
    }
  }

  /**
   * Frees what dead owners held, and shows the others, if there are any, that this one lives.
   * @returns whether anything was freed.
   */
  beat(): boolean {
    const { dead, hasCompany } = this.#owners.survey();
    const shows = hasCompany && this.#owners.isRegistered;
    if (dead.length === 0 && !shows) return false;
    return this.#transaction(false, () => {
      if (shows) this.#owners.beat();
      return dead.map((owner) => this.#bury(owner)).includes(true);
    });
  }

  get hasOwner(): boolean {
    return this.#owners.isRegistered;
  }

  /**
   * Removes some of what is past its topic's retention and acknowledged by all.
   * @returns whether there was anything.
   */
  trim(nowMs: number): boolean {
    const overdue = this.#retention.overdue(nowMs);
    if (overdue.length === 0) return false;
    this.#transaction(false, () => {
      for (const topicId of overdue) this.#retention.trim(topicId, nowMs);
    });
    return true;
  }

  /** Gives everything back at a clean end. */
  leave(): void {
    if (this.#owners.isRegistered) this.#transaction(false, () => this.#bury(this.#owners.own()));
  }

  #apply({ publishes, settles, fetches, withdrawals, ensures }: Group): GroupResult {
    for (const consumer of withdrawals) this.#standing.withdraw(consumer);
    for (const topics of ensures) for (const topic of topics) this.#topics.ensure(topic);
    const published = this.#topics.append(publishes);
    for (const { subscription, seq, dueMs } of settles) {
      if (dueMs === undefined) this.#line.ack(subscription, seq);
      else this.#line.nack(subscription, seq, dueMs, this.#owners.own());
    }
    return { ...published, fetched: fetches.map((fetch) => this.#fetch(fetch)) };
  }

  #fetch(fetch: Fetch): Fetched {
    if (!this.#standing.isCurrent(fetch)) return { rows: [], more: false, nextDueMs: undefined };
    const fetched = this.#line.fetch(fetch, this.#owners.own());
    this.#standing.answered(fetch, fetched);
    return fetched;
  }

  #bury(owner: number): boolean {
    this.#owners.forget(owner);
    return this.#line.release(owner);
  }

  #transaction<T>(isSynced: boolean, work: () => T): T {
    if (this.#isSynced !== isSynced) {
      this.#database.exec(`pragma synchronous = ${isSynced ? 'full' : 'normal'}`);
      this.#isSynced = isSynced;
    }
    try {
      const result = inTransaction(this.#database, work);
      this.#owners.committed();
      return result;
    } catch (error) {
      this.#owners.rolledBack();
      throw error;
    }
  }
}
