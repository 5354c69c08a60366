import type { Delivery, Message } from '@genfleet/bus';
import { GenfleetError } from '@genfleet/job';
import { fromWire, type WireDelivery } from './wire.ts';

/** How a settled message is told to the broker; `handle` is the broker's own name for the delivery. */
export interface Settler<Handle> {
  ack(handle: Handle): Promise<void>;
  /** Hands it back, to be delivered again at once. */
  release(handle: Handle): void;
}

export interface DeliveriesOptions<Handle> {
  readonly topicName: string;
  readonly handler: (delivery: Delivery) => Promise<void>;
  readonly maxInFlight: number;
  readonly settler: Settler<Handle>;
  /** The time by the bus, Unix ms. */
  readonly nowMs: () => number;
}

interface Open<Handle> {
  /** The latest delivery of it: after a reconnect the broker knows it by another name. */
  handle: Handle;
  /** Runs while it is held back; absent while the handler has it. */
  timer?: NodeJS.Timeout;
}

const AFTER_FAILURE_MS = 1_000;
/** Messages held back at most; more of them take the place of deliveries, so that memory stays bounded. */
const MAX_HELD = 5_000;
/** Acknowledged ids remembered at most. A client groups at most a thousand acknowledgements before it sends them. */
const MAX_REMEMBERED = 10_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * What one consumer has in hand. Neither of Pulsar's protocols has a negative acknowledgement with a delay of its
 * own, so a message that was refused is held here, unacknowledged, and handed back when its delay is over. Nothing
 * can be lost by that: when this process or its connection dies, the broker delivers the message at once, early.
 *
 * After a reconnect the broker delivers again all that it does not know to be acknowledged. What the handler still
 * has is then not handed out a second time, and what was acknowledged while the news was lost is acknowledged again.
 */
export class Deliveries<Handle> {
  readonly #options: DeliveriesOptions<Handle>;
  readonly #open = new Map<string, Open<Handle>>();
  readonly #acknowledged = new Set<string>();
  #held = 0;
  #paused = false;
  #closed = false;
  #onRoom: () => void = () => undefined;

  constructor(options: DeliveriesOptions<Handle>) {
    this.#options = options;
  }

  /** How many more the handler may be given now. */
  get room(): number {
    if (this.#paused || this.#closed) return 0;
    const handedOut = this.#open.size - this.#held;
    return Math.max(0, this.#options.maxInFlight - handedOut - Math.max(0, this.#held - MAX_HELD));
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  /** Called whenever there may be room where there was none. */
  whenRoom(callback: () => void): void {
    this.#onRoom = callback;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#onRoom();
  }

  /** Takes what the broker delivered. */
  offer(wire: WireDelivery, handle: Handle): void {
    if (this.#closed) return;
    const { message, deliverAtMs } = fromWire(this.#options.topicName, wire);
    const { messageId } = message;
    const known = this.#open.get(messageId);
    if (known) {
      known.handle = handle;
      this.#onRoom();
    } else if (this.#acknowledged.has(messageId)) {
      this.#options.settler.ack(handle).catch(() => undefined);
      this.#onRoom();
    } else if (deliverAtMs > this.#options.nowMs()) {
      this.#hold(messageId, handle, deliverAtMs - this.#options.nowMs());
    } else if (this.room === 0) {
      // it was on its way while the consumer was paused
      this.#options.settler.release(handle);
    } else {
      this.#handOut(message, handle);
    }
  }

  /** What is open goes back to the broker with the connection. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#open.values()) clearTimeout(timer);
    this.#open.clear();
    this.#held = 0;
  }

  #handOut(message: Message, handle: Handle): void {
    const open: Open<Handle> = { handle };
    this.#open.set(message.messageId, open);
    let isSettled = false;
    const settleOnce = (settle: () => Promise<void>) => async () => {
      if (isSettled) return;
      isSettled = true;
      await settle();
    };
    const delivery: Delivery = {
      ...message,
      ack: settleOnce(() => this.#acknowledge(message.messageId, open)),
      nack: (delayMs) => settleOnce(async () => this.#refuse(message.messageId, open, delayMs))(),
    };
    // the microtask keeps a handler that throws at once out of the client's own stack
    Promise.resolve(delivery)
      .then(this.#options.handler)
      .catch(() => delivery.nack(AFTER_FAILURE_MS));
  }

  async #acknowledge(messageId: string, open: Open<Handle>): Promise<void> {
    this.#expectOpen(messageId, open);
    this.#open.delete(messageId);
    this.#acknowledged.add(messageId);
    if (this.#acknowledged.size > MAX_REMEMBERED) {
      const [oldest = ''] = this.#acknowledged;
      this.#acknowledged.delete(oldest);
    }
    this.#onRoom();
    await this.#options.settler.ack(open.handle);
  }

  #refuse(messageId: string, open: Open<Handle>, delayMs: number): void {
    this.#expectOpen(messageId, open);
    this.#hold(messageId, open.handle, delayMs);
  }

  #hold(messageId: string, handle: Handle, delayMs: number): void {
    const open: Open<Handle> = { handle };
    open.timer = setTimeout(
      () => {
        this.#open.delete(messageId);
        this.#held -= 1;
        this.#options.settler.release(open.handle);
        this.#onRoom();
      },
      Math.min(Math.max(0, delayMs), MAX_TIMER_MS),
    );
    this.#open.set(messageId, open);
    this.#held += 1;
    this.#onRoom();
  }

  #expectOpen(messageId: string, open: Open<Handle>): void {
    if (this.#open.get(messageId) === open) return;
    throw new GenfleetError('closed', `the consumer of ${this.#options.topicName} was closed`);
  }
}
