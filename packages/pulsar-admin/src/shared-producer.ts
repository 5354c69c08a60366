import { checkOutgoing, type OutgoingMessage } from '@genfleet/bus';
import { GenfleetError } from '@genfleet/job';
import { formatMessageId } from './message-id.ts';
import { MAX_PENDING, type WireProducer } from './transport.ts';
import { toWire, type WireMessage } from './wire.ts';

/** Sends waiting behind those under way; more are refused at once. */
const MAX_WAITING = 20_000;

interface Waiting {
  readonly message: WireMessage;
  /** By `performance.now`. */
  readonly untilMs: number;
  readonly resolve: (place: Promise<{ messageId: string }>) => void;
  readonly reject: (error: GenfleetError) => void;
}

/** One producer of the vendor's, used by all callers: bounds what is under way, and keeps the order of calls. */
export class SharedProducer {
  readonly #wire: WireProducer;
  readonly #topicName: string;
  readonly #sendTimeoutMs: number;
  readonly #nowMs: () => number;
  readonly #waiting: Waiting[] = [];
  #pending = 0;
  #closed = false;

  /** `nowMs` is the time by the bus. */
  constructor(wire: WireProducer, topicName: string, sendTimeoutMs: number, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#wire = wire;
    this.#topicName = topicName;
    this.#sendTimeoutMs = sendTimeoutMs;
  }

  async send(
    outgoing: OutgoingMessage,
  ): Promise<{ readonly messageId: string; readonly publishTimeMs: number }> {
    checkOutgoing(outgoing);
    if (this.#closed) throw this.#closedError();
    const message = toWire(outgoing, this.#nowMs());
    const { messageId } = await (this.#pending < MAX_PENDING ? this.#dispatch(message) : this.#wait(message));
    return { messageId, publishTimeMs: message.eventTimeMs };
  }

  /** Lets what is under way finish or fail, which takes no longer than the send timeout. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#closedError());
    await this.#wire.close();
  }

  async #dispatch(message: WireMessage): Promise<{ messageId: string }> {
    this.#pending += 1;
    try {
      return { messageId: formatMessageId(await this.#wire.send(message)) };
    } finally {
      this.#pending -= 1;
      this.#next();
    }
  }

  #wait(message: WireMessage): Promise<{ messageId: string }> {
    if (this.#waiting.length >= MAX_WAITING) {
      const text = `more than ${MAX_WAITING} messages wait to be sent to ${this.#topicName}`;
      return Promise.reject(new GenfleetError('bus_unavailable', text));
    }
    const untilMs = performance.now() + this.#sendTimeoutMs;
    return new Promise((resolve, reject) => this.#waiting.push({ message, untilMs, resolve, reject }));
  }

  #next(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (performance.now() < next.untilMs) {
        next.resolve(this.#dispatch(next.message));
        return;
      }
      const text = `${this.#topicName} took nothing for ${this.#sendTimeoutMs} ms`;
      next.reject(new GenfleetError('bus_unavailable', text));
    }
  }

  #closedError(): GenfleetError {
    return new GenfleetError('closed', `the producer of ${this.#topicName} was closed`);
  }
}
