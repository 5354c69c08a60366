import type { Message } from '@genfleet/bus';
import {
  decodeEvent,
  type EventType,
  evolve,
  GenfleetError,
  type JobEvent,
  type JobState,
  jobIdTimeMs,
} from '@genfleet/job';
import type { Logger } from '@genfleet/telemetry';
import type { Change } from './view.ts';
import type { JobEntry, ViewStore } from './view-store.ts';

/**
 * Jobs kept at hand between chunks: the events of one job come close together. No more, since objects that live
 * long enough to be promoted make the heap grow while a long ledger is read.
 */
const HOT_JOBS = 250;

/** Folds messages into memory, and what it made of them into a store: `save` writes all that is new in one transaction. */
export class Fold {
  readonly #store: ViewStore;
  readonly #log: Logger;
  readonly #hot = new Map<string, JobEntry>();
  readonly #dirty = new Set<JobEntry>();
  readonly #keys: { key: string; timeMs: number; messageId: string; id: Buffer }[] = [];
  /** How far each topic was read since the last `save`. */
  readonly #places = new Map<string, string>();
  #unreadable = 0;

  constructor(store: ViewStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** Messages left out because they are no events, or on the wrong topic. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** Jobs, keys and places that are not in the store yet. */
  get unsaved(): number {
    return this.#dirty.size + this.#keys.length + this.#places.size;
  }

  /** What became of a job whose events came lately, saved or not; undefined of others, which are in the store. */
  recent(id: string): JobState | undefined {
    return this.#hot.get(id)?.state;
  }

  /** The change that the message makes, if it makes one. Jobs older than `horizonMs` are left out. */
  apply(type: EventType, message: Message, horizonMs: number): Change | undefined {
    const event = this.#decode(type, message);
    if (!event || (jobIdTimeMs(event.id) ?? message.publishTimeMs) < horizonMs) return undefined;
    const entry = this.#entry(event.id);
    const before = entry.state;
    const order = { timeMs: message.publishTimeMs, type, messageId: message.messageId };
    const state = evolve(before, event, order);
    if (event.type === 'requested' && event.idempotency) {
      const { timeMs, messageId } = order;
      this.#keys.push({ key: event.idempotency.key_sha256, timeMs, messageId, id: entry.key });
    }
    if (state === before) return undefined;
    entry.state = state;
    this.#dirty.add(entry);
    if (event.type === 'completed' && !before?.outcome) {
      this.#store.addRunTime(event.model, event.timings.generate_ms);
    }
    return { event, order, state };
  }

  /** The topic was read up to this message. */
  passed(topic: string, messageId: string): void {
    this.#places.set(topic, messageId);
  }

  /** Writes all that changed since the last call, whole or not at all, and how far the topics were read for it. */
  save(): void {
    if (this.unsaved === 0) return;
    this.#store.transact(() => {
      for (const entry of this.#dirty) this.#store.save(entry);
      for (const { key, timeMs, messageId, id } of this.#keys)
        this.#store.saveKey(key, timeMs, messageId, id);
      this.#store.saveCounts();
      this.#store.saveRunTimes();
      for (const [topic, messageId] of this.#places) this.#store.saveCursor(topic, messageId);
    });
    // of one that has ended nothing more is expected, and what is let go young costs the collector nothing
    for (const { id, state } of this.#dirty) if (state?.outcome) this.#hot.delete(id);
    this.#dirty.clear();
    this.#keys.length = 0;
    this.#places.clear();
    for (const id of this.#hot.keys()) {
      if (this.#hot.size <= HOT_JOBS) break;
      this.#hot.delete(id);
    }
  }

  /** Drops what is kept at hand: rows were deleted. Nothing may be unwritten. */
  forget(): void {
    this.#hot.clear();
  }

  #entry(id: string): JobEntry {
    const hot = this.#hot.get(id);
    if (hot) return hot;
    const entry = this.#store.entry(id);
    this.#hot.set(id, entry);
    return entry;
  }

  #decode(type: EventType, { topic, messageId, value }: Message): JobEvent | undefined {
    try {
      const event = decodeEvent(value);
      if (event.type === type) return event;
      throw new GenfleetError('invalid_message', `type: a ${event.type} event on the topic of ${type} ones`);
    } catch (err) {
      this.#unreadable += 1;
      this.#log.warn({ topic, err }, `message ${messageId} is left out of the view`);
      return undefined;
    }
  }
}
