import type { Delivery } from '@genfleet/bus';
import { decodeEvent, imageCount, type RequestedEvent } from '@genfleet/job';
import type { Logger } from '@genfleet/telemetry';
import { batchKey } from './batch-key.ts';
import type { Waiting } from './run.ts';

export interface BatchLimits {
  readonly jobs: number;
  /** Images over all jobs of a batch; a single job may ask for more. */
  readonly images: number;
}

/** What was received and not yet settled: waiting here, or with the engine, or on its way to the store. */
export class Inbox {
  readonly #log: Logger;
  readonly #unsettled = new Map<string, Waiting>();
  #waiting: Waiting[] = [];
  #arrived = Promise.withResolvers<void>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Jobs that no batch has taken yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  get unsettled(): number {
    return this.#unsettled.size;
  }

  /** Takes in a delivery. The same message handed out again joins the first and is settled with it. */
  async receive(delivery: Delivery): Promise<void> {
    const known = this.#unsettled.get(delivery.messageId);
    if (known) {
      known.deliveries.push(delivery);
      return;
    }
    const request = this.#read(delivery);
    if (!request) {
      await delivery.ack();
      return;
    }
    const waiting: Waiting = { request, deliveries: [delivery], receivedMs: performance.now() };
    this.#unsettled.set(delivery.messageId, waiting);
    this.#waiting.push(waiting);
    this.#arrived.resolve();
  }

  /** Resolves when something waits. */
  async arrival(): Promise<void> {
    while (this.#waiting.length === 0) {
      await this.#arrived.promise;
      this.#arrived = Promise.withResolvers();
    }
  }

  /** Wakes `arrival` for a look round, without anything having come. */
  wake(): void {
    this.#arrived.resolve();
  }

  /** The oldest that waits, and others that can run in the same batch. */
  takeBatch(limits: BatchLimits): Waiting[] {
    const [first, ...rest] = this.#waiting;
    if (!first) return [];
    const batch = [first];
    let images = imageCount(first.request.settings);
    const key = batchKey(first.request.settings);
    this.#waiting = rest.filter((candidate) => {
      const more = imageCount(candidate.request.settings);
      const fits = batch.length < limits.jobs && images + more <= limits.images;
      if (!fits || batchKey(candidate.request.settings) !== key) return true;
      batch.push(candidate);
      images += more;
      return false;
    });
    return batch;
  }

  /** Everything that no batch has taken; it is no longer waiting. */
  takeAll(): Waiting[] {
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }

  /** Forgets a job whose deliveries were settled. */
  settled(waiting: Waiting): void {
    for (const { messageId } of waiting.deliveries) this.#unsettled.delete(messageId);
  }

  #read(delivery: Delivery): RequestedEvent | undefined {
    try {
      const event = decodeEvent(delivery.value);
      if (event.type === 'requested') return event;
      this.#log.error(
        { topic: delivery.topic, jobId: event.id },
        `dropped a ${event.type} event that is no request`,
      );
    } catch (err) {
      this.#log.error({ topic: delivery.topic, err }, 'dropped a message that is no job');
    }
    return undefined;
  }
}
