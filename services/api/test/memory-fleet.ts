import type { Bus, Message, OutgoingMessage, ReadBatch } from '@genfleet/bus';
import {
  decodeEvent,
  type EventType,
  evolve,
  GenfleetError,
  type JobState,
  KINDS,
  statusOf,
  type Topic,
  topicsOf,
} from '@genfleet/job';
import type { Change, JobFilter, Page, View } from '@genfleet/ledger';

/** Topics in memory that can be told to fail or hang: for what a real bus only does when it is ill. */
export class MemoryBus implements Bus {
  /** What happens to the next publishes. */
  mood: 'well' | 'down' | 'hung' = 'well';
  readonly #topics = new Map<string, Message[]>();
  readonly #wake = new Set<() => void>();
  readonly #views = new Set<() => void>();
  #count = 0;

  async producer(topic: Topic) {
    return { send: (message: OutgoingMessage) => this.#send(topic, message), close: async () => undefined };
  }

  async #send(topic: Topic, message: OutgoingMessage) {
    if (this.mood === 'down') throw new GenfleetError('bus_unavailable', 'connect ECONNREFUSED');
    if (this.mood === 'hung') return new Promise<never>(() => undefined);
    this.#count += 1;
    const messageId = String(this.#count).padStart(12, '0');
    const publishTimeMs = Date.now();
    const { key, value, properties = {} } = message;
    const stored = { messageId, topic: topic.name, key, value, properties, publishTimeMs };
    this.messages(topic).push(stored);
    for (const wake of [...this.#wake]) wake();
    for (const fold of this.#views) setImmediate(fold);
    return { messageId, publishTimeMs };
  }

  /** Called some time after each publish. */
  onPublish(fold: () => void): void {
    this.#views.add(fold);
  }

  /** What stands in a topic. */
  messages(topic: Topic): Message[] {
    const known = this.#topics.get(topic.name);
    if (known) return known;
    const messages: Message[] = [];
    this.#topics.set(topic.name, messages);
    return messages;
  }

  async *read(topic: Topic, options: { from: unknown; signal: AbortSignal }): AsyncIterable<ReadBatch> {
    const all = this.messages(topic);
    let next = options.from === 'latest' ? all.length : 0;
    yield { messages: [], caughtUp: next === all.length };
    while (!options.signal.aborted) {
      if (next < all.length) {
        const messages = all.slice(next);
        next = all.length;
        yield { messages, caughtUp: true };
      } else {
        await new Promise<void>((resolve) => {
          const wake = () => {
            this.#wake.delete(wake);
            options.signal.removeEventListener('abort', wake);
            resolve();
          };
          this.#wake.add(wake);
          options.signal.addEventListener('abort', wake, { once: true });
        });
      }
    }
  }

  async lastMessageId(topic: Topic): Promise<string | undefined> {
    return this.messages(topic).at(-1)?.messageId;
  }

  async subscribe(): Promise<never> {
    throw new TypeError('the API consumes nothing');
  }

  async ensureTopics(): Promise<void> {}

  async backlog(): Promise<number> {
    return 0;
  }

  nowMs(): number {
    return Date.now();
  }

  async ping(): Promise<void> {
    if (this.mood !== 'well') throw new GenfleetError('bus_unavailable', 'connect ECONNREFUSED');
  }

  async close(): Promise<void> {}
}

/** A view that can be told to fall behind. */
export class MemoryView implements View {
  ready = true;
  coversFromMs = 0;
  readonly progress = { messages: 0, share: 1, secondsLeft: 0 };
  /** While true nothing new is folded. */
  isLagging = false;
  readonly #bus: MemoryBus;
  readonly #states = new Map<string, JobState>();
  readonly #folded = new Map<string, number>();
  readonly #listeners = new Set<{ id: string | undefined; callback: (change: Change) => void }>();

  constructor(bus: MemoryBus) {
    this.#bus = bus;
    bus.onPublish(() => this.fold());
  }

  fold(): void {
    if (this.isLagging) return;
    for (const { type, topic } of KINDS.flatMap(topicsOf)) {
      const messages = this.#bus.messages(topic);
      for (;;) {
        const next = this.#folded.get(topic.name) ?? 0;
        const message = messages[next];
        if (!message) break;
        // counted first: a listener may ask the view again
        this.#folded.set(topic.name, next + 1);
        this.#foldOne(message, type);
      }
    }
  }

  #foldOne({ value, messageId, publishTimeMs }: Message, type: EventType): void {
    const event = decodeEvent(value);
    const order = { timeMs: publishTimeMs, type, messageId };
    const state = evolve(this.#states.get(event.id), event, order);
    this.#states.set(event.id, state);
    for (const { id, callback } of [...this.#listeners]) {
      if (id === undefined || id === event.id) callback({ event, order, state });
    }
  }

  /** Who still waits to be called back. */
  get listenerCount(): number {
    return this.#listeners.size;
  }

  job(id: string): JobState | undefined {
    this.fold();
    return this.#states.get(id);
  }

  jobByIdempotencyKey(keySha256: string): JobState | undefined {
    this.fold();
    const mine = [...this.#states.values()].filter(
      ({ request }) => request?.idempotency?.key_sha256 === keySha256,
    );
    return mine.sort((a, b) =>
      (a.requestOrder?.messageId ?? '') < (b.requestOrder?.messageId ?? '') ? -1 : 1,
    )[0];
  }

  jobs(filter: JobFilter, { limit, offset, before }: Page): JobState[] {
    const behind = this.#matching(filter).filter(({ id }) => before === undefined || id < before);
    return behind.slice(offset, offset + limit);
  }

  count(filter: JobFilter): number {
    return this.#matching(filter).length;
  }

  #matching(filter: JobFilter): JobState[] {
    this.fold();
    return [...this.#states.values()]
      .filter((state) => !filter.status || filter.status.includes(statusOf(state)))
      .filter(
        ({ request }) => filter.grouping === undefined || request?.metadata['grouping'] === filter.grouping,
      )
      .filter(({ request }) => filter.tenant === undefined || request?.tenant === filter.tenant)
      .filter(({ request }) => filter.model === undefined || request?.settings.model === filter.model)
      .sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  position(id: string): number {
    return this.#matching({ status: ['queued'] }).filter((state) => state.id < id).length;
  }

  waiting() {
    const queued = this.#matching({ status: ['queued', 'retrying'] }).length;
    return new Map([['genfleet-demo', { queued, running: this.#matching({ status: ['running'] }).length }]]);
  }

  meanRunMs(): number | undefined {
    return undefined;
  }

  async applied(_topic: Topic, _messageId: string, timeoutMs: number): Promise<boolean> {
    return this.caughtUp(timeoutMs);
  }

  async caughtUp(timeoutMs: number): Promise<boolean> {
    const until = Date.now() + timeoutMs;
    while (this.isLagging && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    this.fold();
    return !this.isLagging;
  }

  onChange(id: string | undefined, callback: (change: Change) => void, signal: AbortSignal): void {
    const listener = { id, callback };
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  async close(): Promise<void> {}
}
