import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { birthOf, hostIdentity } from './process-identity.ts';

/** Without a beat for so long, an owner that cannot be looked up (another container) is taken for dead. */
const UNSEEN_MS = 5_000;
/** The same for one whose process is there: it may be stopped, or only its thread died. */
const STUCK_MS = 60_000;

interface OwnerRow {
  readonly id: number;
  readonly host: string;
  readonly pid: number;
  readonly born: string;
  readonly beat: number;
}

/** The processes that hold deliveries, and which of them are no more. */
export class Owners {
  readonly #host = hostIdentity();
  readonly #register: StatementSync;
  readonly #list: StatementSync;
  readonly #beat: StatementSync;
  readonly #remove: StatementSync;
  readonly #seen = new Map<number, { beat: number; sinceMs: number }>();
  #id: number | undefined;
  /** The id stands in a transaction that is not committed yet. */
  #isProvisional = false;

  constructor(database: DatabaseSync) {
    this.#register = database.prepare('insert into owners (host, pid, born) values (?, ?, ?) returning id');
    this.#list = database.prepare('select id, host, pid, born, beat from owners');
    this.#beat = database.prepare('update owners set beat = beat + 1 where id = ?');
    this.#remove = database.prepare('delete from owners where id = ?');
  }

  /** Whether this process ever held anything. */
  get isRegistered(): boolean {
    return this.#id !== undefined;
  }

  /** This process as an owner; registers it at the first call. In a transaction. */
  own(): number {
    if (this.#id === undefined) {
      this.#id = Number(this.#register.get(this.#host, process.pid, birthOf(process.pid) ?? '')?.['id']);
      this.#isProvisional = true;
    }
    return this.#id;
  }

  committed(): void {
    this.#isProvisional = false;
  }

  rolledBack(): void {
    if (this.#isProvisional) this.#id = undefined;
    this.#isProvisional = false;
  }

  /** Others that are dead by now, and whether others live. */
  survey(): { readonly dead: readonly number[]; readonly hasCompany: boolean } {
    const others = (this.#list.all() as unknown as OwnerRow[]).filter(({ id }) => id !== this.#id);
    const dead = others.filter((owner) => this.#isDead(owner)).map(({ id }) => id);
    for (const id of this.#seen.keys()) if (!others.some((other) => other.id === id)) this.#seen.delete(id);
    return { dead, hasCompany: others.length > dead.length };
  }

  /** Shows the others that this one lives. In a transaction. */
  beat(): void {
    if (this.#id === undefined || Number(this.#beat.run(this.#id).changes) === 1) return;
    // taken for dead, as after a night's sleep of the machine: what was held is somebody else's now
    this.#id = undefined;
  }

  forget(owner: number): void {
    this.#remove.run(owner);
    if (owner === this.#id) this.#id = undefined;
  }

  #isDead({ id, host, pid, born, beat }: OwnerRow): boolean {
    const isHere = host === this.#host;
    if (isHere && birthOf(pid) !== born) return true;
    // how long the beat has stood still is measured here, so no two clocks are compared
    const nowMs = performance.now();
    const seen = this.#seen.get(id);
    if (seen?.beat !== beat) {
      this.#seen.set(id, { beat, sinceMs: nowMs });
      return false;
    }
    return nowMs - seen.sinceMs > (isHere ? STUCK_MS : UNSEEN_MS);
  }
}
