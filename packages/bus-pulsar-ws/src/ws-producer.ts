import { GenfleetError } from '@genfleet/job';
import type { MessagePlace, WireMessage, WireProducer } from '@genfleet/pulsar-admin';
import { placeIn, toFrame } from './frames.ts';
import { Link } from './link.ts';

interface Pending {
  readonly frame: string;
  readonly deadlineMs: number;
  readonly resolve: (place: MessagePlace) => void;
  readonly reject: (error: GenfleetError) => void;
}

const SWEEP_MS = 250;

export interface WsProducerOptions {
  readonly url: () => string;
  readonly token: string | undefined;
  readonly topicName: string;
  readonly sendTimeoutMs: number;
}

/**
 * Many sends under way on one connection, told apart by their context. When the connection breaks, what was not
 * answered is sent again in its order: it may then stand in the topic twice, which at-least-once allows.
 */
export class WsProducer implements WireProducer {
  readonly #link: Link;
  readonly #topicName: string;
  readonly #sendTimeoutMs: number;
  /** In the order of the calls, which is the order of their deadlines too. */
  readonly #pending = new Map<string, Pending>();
  readonly #sweep: NodeJS.Timeout;
  #lastContext = 0;
  #drained: () => void = () => undefined;

  constructor(options: WsProducerOptions) {
    this.#topicName = options.topicName;
    this.#sendTimeoutMs = options.sendTimeoutMs;
    this.#link = new Link({
      url: options.url,
      token: options.token,
      purpose: `a producer for ${options.topicName}`,
      onOpen: () => {
        for (const { frame } of this.#pending.values()) this.#link.send(frame);
      },
      onMessage: (frame) => this.#answered(frame),
    });
    this.#sweep = setInterval(() => this.#giveUpLate(), SWEEP_MS).unref();
  }

  open(): Promise<void> {
    return this.#link.open();
  }

  send(message: WireMessage): Promise<MessagePlace> {
    this.#lastContext += 1;
    const context = String(this.#lastContext);
    const frame = toFrame(message, context);
    return new Promise((resolve, reject) => {
      this.#pending.set(context, {
        frame,
        deadlineMs: performance.now() + this.#sendTimeoutMs,
        resolve,
        reject,
      });
      this.#link.send(frame);
    });
  }

  async close(): Promise<void> {
    if (this.#pending.size > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    clearInterval(this.#sweep);
    this.#link.close();
  }

  #answered(frame: Readonly<Record<string, unknown>>): void {
    const pending = this.#take(String(frame['context']));
    if (!pending) return;
    if (frame['result'] === 'ok') pending.resolve(placeIn(frame['messageId']));
    else {
      const why = String(frame['errorMsg'] ?? frame['result']);
      pending.reject(
        new GenfleetError('bus_unavailable', `${this.#topicName} did not take a message: ${why}`),
      );
    }
  }

  #take(context: string): Pending | undefined {
    const pending = this.#pending.get(context);
    this.#pending.delete(context);
    if (this.#pending.size === 0) this.#drained();
    return pending;
  }

  #giveUpLate(): void {
    for (const [context, { deadlineMs, reject }] of this.#pending) {
      if (deadlineMs > performance.now()) return;
      this.#take(context);
      const text = `${this.#topicName} did not acknowledge a message within ${this.#sendTimeoutMs} ms`;
      reject(new GenfleetError('bus_unavailable', text));
    }
  }
}
