import { type Segment, TopicArchive } from '@genfleet/archive';
import type { ObjectStore } from '@genfleet/artifacts';
import { type Bus, firstMessage } from '@genfleet/bus';
import { GenfleetError } from '@genfleet/job';
import type { LedgerTable } from '@genfleet/ledger';
import type { Seam, Spanned } from './spanned-sql.ts';

/** The archive of the topics that a Trino reads. */
export interface ArchiveBeside {
  /** Opened with the first query, closed with the ledger. */
  open(): Promise<ObjectStore>;
  /** As `npm run recorder -- tables` prints it: `s3://bucket/prefix`. */
  readonly location: string;
  readonly bus: Pick<Bus, 'read'>;
  /** Topics that forget: what they still hold is read from them, and the archive has it without its prompts. */
  readonly transient: readonly string[];
}

/** For so long no file that was there is looked for again. */
const RECENT_MS = 60_000;

interface Known {
  readonly archive: TopicArchive;
  newest: Segment | undefined;
  /** When all files were there, by `performance.now`. */
  wholeAtMs: number;
}

/** Finds, for each query anew, from where a topic's rows are taken. */
export class Span {
  readonly #beside: ArchiveBeside;
  readonly #topics = new Map<string, Known>();
  #objects: Promise<ObjectStore> | undefined;

  constructor(beside: ArchiveBeside) {
    this.#beside = beside;
  }

  get location(): string {
    return this.#beside.location.replace(/\/$/, '');
  }

  /** @throws GenfleetError `ledger_failed`: the archive can't be read, or lacks a file, which is named. */
  async over(tables: readonly LedgerTable[], signal: AbortSignal): Promise<readonly Spanned[]> {
    try {
      const found = tables.map(async (table) => ({ table, seam: await this.#seam(table, signal) }));
      return await orAborted(Promise.all(found), signal);
    } catch (error) {
      if (!(error instanceof GenfleetError) || error.code !== 'artifacts_failed') throw error;
      const { message, retryable, cause } = error;
      throw new GenfleetError('ledger_failed', `the archive can't be read: ${message}`, { retryable, cause });
    }
  }

  /**
   * Whether the topics that forget still hold what they were asked for: else it is in neither part of the answer, and the
   * query is to be asked again.
   */
  async isStill(spanned: readonly Spanned[], signal: AbortSignal): Promise<boolean> {
    for (const { table, seam } of spanned) {
      if (!seam || !('heldFrom' in seam)) continue;
      if ((await firstMessage(this.#beside.bus, table.topic, signal))?.messageId !== seam.heldFrom)
        return false;
    }
    return true;
  }

  async close(): Promise<void> {
    const objects = await this.#objects?.catch(() => undefined);
    await objects?.close();
  }

  async #seam({ name, topic }: LedgerTable, signal: AbortSignal): Promise<Seam | undefined> {
    const known = await this.#known(name);
    const end = await known.archive.readableEnd(known.newest);
    if (end?.last === undefined) return undefined;
    if (performance.now() - known.wholeAtMs > RECENT_MS) {
      await known.archive.requireFiles();
      known.wholeAtMs = performance.now();
    }
    known.newest = end.newest;
    const held = this.#beside.transient.includes(name)
      ? await firstMessage(this.#beside.bus, topic, signal)
      : undefined;
    return held ? { heldFrom: held.messageId } : { archivedTo: end.last, behindMs: end.behindMs };
  }

  async #known(topic: string): Promise<Known> {
    const known = this.#topics.get(topic);
    if (known) return known;
    this.#objects ??= this.#beside.open();
    // one that failed is opened again
    this.#objects.catch(() => {
      this.#objects = undefined;
    });
    const archive = new TopicArchive(await this.#objects, topic);
    const made = { archive, newest: undefined, wholeAtMs: Number.NEGATIVE_INFINITY };
    this.#topics.set(topic, made);
    return made;
  }
}

/** Does not wait for work that nobody waits for any more. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const end = () => reject(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', end);
    work.catch(() => undefined);
  }
}
