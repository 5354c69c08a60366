import type { Delivery } from '@genfleet/bus';
import { decodeEvent, type Kind, type RequestedEvent } from '@genfleet/job';
import type { Logger } from '@genfleet/telemetry';
import type { Waiting } from './run.ts';

/** What was received and not yet settled: waiting here, or with the engine, or on its way to the store. */
export class Inbox<K extends Kind> {
  readonly #kind: K;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #unsettled = new Map<string, Waiting<K>>();
  #waiting: Waiting<K>[] = [];
  #arrived = Promise.withResolvers<void>();

  constructor(kind: K, log: Logger, now: () => number) {
    this.#kind = kind;
    this.#log = log;
    this.#now = now;
  }

  /** Jobs that no batch has taken yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  get unsettled(): number {
    return this.#unsettled.size;
  }

  /**
   * Takes in a delivery. The same message handed out again joins the first and is settled with it. What is not wanted
   * is given back, to be settled by the caller.
   */
  async receive(
    delivery: Delivery,
    isWanted: (request: RequestedEvent<K>) => boolean,
  ): Promise<Waiting<K> | undefined> {
    const known = this.#unsettled.get(delivery.messageId);
    if (known) {
      known.deliveries.push(delivery);
      return undefined;
    }
    const request = this.#read(delivery);
    if (!request) {
      await delivery.ack();
      return undefined;
    }
    const waiting: Waiting<K> = {
      request,
      messageId: delivery.messageId,
      deliveries: [delivery],
      forget: () => this.settled(waiting),
      receivedMs: this.#now(),
      isAhead: false,
    };
    if (!isWanted(request)) return waiting;
    this.#unsettled.set(delivery.messageId, waiting);
    this.#waiting.push(waiting);
    this.#arrived.resolve();
    return undefined;
  }

  /** Resolves when something waits, or once it was woken. */
  async arrival(): Promise<void> {
    if (this.#waiting.length > 0) return;
    await this.#arrived.promise;
    this.#arrived = Promise.withResolvers();
  }

  /** Ends `arrival`, now or the next time, without anything having come. */
  wake(): void {
    this.#arrived.resolve();
  }

  /** Takes out what `choose` picks of all that waits, which it is given oldest first. What it adds is its own. */
  take(choose: (waiting: readonly Waiting<K>[]) => readonly Waiting<K>[]): readonly Waiting<K>[] {
    const taken = choose(this.#waiting);
    this.#waiting = this.#waiting.filter((waiting) => !taken.includes(waiting));
    return taken;
  }

  /** Forgets a job whose deliveries were settled. */
  settled(waiting: Waiting<K>): void {
    for (const { messageId } of waiting.deliveries) {
      // it may have been handed out again since, as a job of its own
      const isSame = this.#unsettled.get(messageId)?.deliveries === waiting.deliveries;
      if (isSame) this.#unsettled.delete(messageId);
    }
  }

  #read(delivery: Delivery): RequestedEvent<K> | undefined {
    const { topic } = delivery;
    try {
      const event = decodeEvent(delivery.value);
      if (event.type === 'requested' && isOf(event, this.#kind)) return event;
      this.#log.error({ topic, jobId: event.id }, `dropped a ${event.type} event that is no request`);
    } catch (err) {
      this.#log.error({ topic, err }, 'dropped a message that is no job');
    }
    return undefined;
  }
}

function isOf<K extends Kind>(event: RequestedEvent, kind: K): event is RequestedEvent<K> {
  return event.kind === kind;
}
