import {
  encodeBefore,
  type Feed,
  type FeedStart,
  type MessagePlace,
  type WireDelivery,
} from '@genfleet/pulsar-admin';
import { toDelivery } from './frames.ts';
import { Link } from './link.ts';

export interface WsFeedOptions {
  readonly url: (parameters: Readonly<Record<string, string>>) => string;
  readonly token: string | undefined;
  readonly topicName: string;
  readonly start: FeedStart;
  readonly queueSize: number;
  onMessage(wire: WireDelivery): Promise<void> | undefined;
}

/**
 * A reader. The service sends as many messages as were not acknowledged, up to the queue's size: that is the
 * back-pressure. A new connection begins with the entry that was read last, whole.
 */
export class WsFeed implements Feed {
  readonly #link: Link;
  #last: MessagePlace | undefined;

  constructor(options: WsFeedOptions) {
    const { topicName, queueSize } = options;
    this.#link = new Link({
      url: () =>
        options.url({
          receiverQueueSize: String(queueSize),
          messageId: textOf(options.start === 'latest' ? 'latest' : (this.#last ?? options.start)),
        }),
      token: options.token,
      purpose: `a reader of ${topicName}`,
      onOpen: () => undefined,
      onMessage: (frame) => {
        if (typeof frame['messageId'] !== 'string') return;
        const wire = toDelivery(frame);
        this.#last = wire.place;
        const { messageId } = frame;
        const isTaken = options.onMessage(wire);
        if (isTaken) isTaken.then(() => this.#link.send({ messageId }));
        else this.#link.send({ messageId });
      },
    });
  }

  open(): Promise<void> {
    return this.#link.open();
  }

  async close(): Promise<void> {
    this.#link.close();
  }
}

function textOf(start: FeedStart): string {
  return typeof start === 'string' ? start : encodeBefore(start).toString('base64');
}
