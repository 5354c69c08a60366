import type { Message } from '@genfleet/bus';
import type { Network } from './network.ts';
import type { Scheduler } from './scheduler.ts';
import type { Story } from './story.ts';

export interface BrokerOptions {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly story: Story;
  /** Whether publish times come from the clock of whoever publishes, as Pulsar's do, or from the broker's. */
  readonly stampedBy: 'producer' | 'broker';
  /** Whether an acknowledgement counts though the message was handed to another consumer since, as in Pulsar. */
  readonly lateAcks: 'count' | 'are ignored';
  /** Told of everything that becomes durable, and of everything that is done with. */
  readonly onStored: (message: Message) => void;
  readonly onAcked: (message: Message) => void;
}
