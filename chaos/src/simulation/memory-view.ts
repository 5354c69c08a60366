import type { Message } from '@genfleet/bus';
import { type EventType, evolve, type JobState, statusOf, type Topic, topicsOf } from '@genfleet/job';
import type { Change, JobFilter, LocalView, Page } from '@genfleet/ledger';
import type { Broker } from './broker.ts';
import { eventOf } from './event-of.ts';
import type { ProcessBus } from './process-bus.ts';

interface Waiter {
  readonly topic: string;
  readonly messageId: string;
  readonly settle: (applied: boolean) => void;
}

interface Listener {
  readonly id: string | undefined;
  readonly callback: (change: Change) => void;
}

/**
 * A view without its file: the product's fold over the topics, each read at a pace of its own. It stands in for the
 * real one, of which hundreds in a second would be made; some schedules run on the real one, to hold both together.
 */
export class MemoryView implements LocalView {
  ready = false;
  readonly coversFromMs = 0;
  readonly unreadable = 0;
  readonly progress = { messages: 0, share: undefined, secondsLeft: undefined };
  readonly #bus: ProcessBus;
  readonly #broker: Broker;
  readonly #states = new Map<string, JobState>();
  readonly #keys = new Map<string, { readonly id: string; readonly place: string }>();
  readonly #places = new Map<string, number>();
  readonly #waiters = new Set<Waiter>();
  readonly #listeners = new Set<Listener>();
  readonly #becameReady = Promise.withResolvers<void>();
  readonly #stops: (() => void)[] = [];
  #runMs: number | undefined;
  #isClosed = false;

  constructor(bus: ProcessBus, broker: Broker) {
    this.#bus = bus;
    this.#broker = broker;
    for (const { type, topic } of topicsOf('txt2img')) void this.#follow(type, topic);
  }

  /** Forgets all and reads the topics from their beginning. */
  rebuild(): void {
    this.#states.clear();
    this.#keys.clear();
    this.#places.clear();
    this.ready = false;
    for (const stop of this.#stops.splice(0)) stop();
    for (const { type, topic } of topicsOf('txt2img')) void this.#follow(type, topic);
  }

  job(id: string): JobState | undefined {
    return this.#states.get(id);
  }

  jobByIdempotencyKey(keySha256: string): JobState | undefined {
    const found = this.#keys.get(keySha256);
    return found && this.#states.get(found.id);
  }

  jobs(filter: JobFilter, { limit, offset }: Page): readonly JobState[] {
    return this.#matching(filter).slice(offset, offset + limit);
  }

  count(filter: JobFilter): number {
    return this.#matching(filter).length;
  }

  position(): number {
    return 0;
  }

  waiting(): ReadonlyMap<string, { readonly queued: number; readonly running: number }> {
    const queued = this.count({ status: ['queued', 'retrying'] });
    return new Map([['grey', { queued, running: this.count({ status: ['running'] }) }]]);
  }

  meanRunMs(): number | undefined {
    return this.#runMs;
  }

  applied(topic: Topic, messageId: string, timeoutMs: number): Promise<boolean> {
    if (this.#isPast(topic.name, messageId)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        topic: topic.name,
        messageId,
        settle: (applied) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          resolve(applied);
        },
      };
      const timer = setTimeout(waiter.settle, timeoutMs, false);
      this.#waiters.add(waiter);
    });
  }

  async caughtUp(timeoutMs: number): Promise<boolean> {
    const late = Promise.withResolvers<false>();
    const timer = setTimeout(late.resolve, timeoutMs, false);
    const reached = topicsOf('txt2img').map(async ({ topic }) => {
      const end = await this.#bus.lastMessageId(topic).catch(() => late.promise);
      return end === undefined || (end !== false && (await this.applied(topic, end, timeoutMs)));
    });
    const all = Promise.all(reached).then(async (each) => {
      await this.#becameReady.promise;
      return each.every(Boolean);
    });
    const answer = await Promise.race([all, late.promise]);
    clearTimeout(timer);
    return answer;
  }

  async cover(): Promise<boolean> {
    return true;
  }

  onChange(id: string | undefined, callback: (change: Change) => void, signal: AbortSignal): void {
    const listener = { id, callback };
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stop of this.#stops.splice(0)) stop();
    for (const waiter of [...this.#waiters]) waiter.settle(false);
  }

  async #follow(type: EventType, topic: Topic): Promise<void> {
    const arrivals = this.#bus.arrivals(topic);
    let isOn = true;
    this.#stops.push(() => {
      isOn = false;
      arrivals.stop();
    });
    let next = 0;
    while (isOn && !this.#isClosed) {
      await arrivals.next();
      if (!isOn) return;
      const messages = this.#broker.messages(topic.name);
      const changes: Change[] = [];
      for (; next < messages.length; next++) {
        const message = messages[next];
        const change = message && this.#fold(type, message);
        if (change) changes.push(change);
      }
      this.#read(topic.name, next);
      this.#notify(changes);
    }
  }

  #fold(type: EventType, message: Message): Change | undefined {
    const event = eventOf(message);
    const order = { timeMs: message.publishTimeMs, type, messageId: message.messageId };
    const before = this.#states.get(event.id);
    const state = evolve(before, event, order);
    if (event.type === 'requested' && event.idempotency)
      this.#keep(event.idempotency.key_sha256, event.id, message);
    if (event.type === 'completed') this.#runMs = event.timings.generate_ms;
    if (state === before) return undefined;
    this.#states.set(event.id, state);
    return { event, order, state };
  }

  #keep(key: string, id: string, { publishTimeMs, messageId }: Message): void {
    const place = `${String(publishTimeMs).padStart(15, '0')} ${messageId}`;
    const known = this.#keys.get(key);
    if (!known || place < known.place) this.#keys.set(key, { id, place });
  }

  #read(topic: string, place: number): void {
    this.#places.set(topic, place);
    if (this.#places.size === topicsOf('txt2img').length && !this.ready) {
      this.ready = true;
      this.#becameReady.resolve();
    }
    for (const waiter of [...this.#waiters]) {
      if (waiter.topic === topic && this.#isPast(topic, waiter.messageId)) waiter.settle(true);
    }
  }

  #isPast(topic: string, messageId: string): boolean {
    return (this.#places.get(topic) ?? 0) >= Number(messageId);
  }

  #notify(changes: readonly Change[]): void {
    for (const change of changes) {
      for (const { id, callback } of [...this.#listeners]) {
        if (id === undefined || id === change.state.id) callback(change);
      }
    }
  }

  #matching(filter: JobFilter): JobState[] {
    const isAsked = (state: JobState) => {
      const status = statusOf(state);
      return filter.status ? filter.status.includes(status) : status !== 'unknown';
    };
    return [...this.#states.values()].filter(isAsked).sort((a, b) => (a.id < b.id ? 1 : -1));
  }
}
