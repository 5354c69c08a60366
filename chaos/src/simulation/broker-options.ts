import type { Message } from '@genfleet/bus';
import type { Incarnation } from './incarnation.ts';
import type { Network } from './network.ts';
import type { Scheduler } from './scheduler.ts';
import type { Story } from './story.ts';

export interface BrokerOptions {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly story: Story;
  /** Whether publish times come from what the bus's clock is to whoever publishes, or from the broker itself. */
  readonly stampedBy: 'producer' | 'broker';
  /** What the bus's clock is to this process. */
  readonly nowMs: (process: Incarnation) => number;
  /** Whether an acknowledgement counts though the message was handed to another consumer since, as in Pulsar. */
  readonly lateAcks: 'count' | 'are ignored';
  /** Told of everything that becomes durable, and of everything that is done with. */
  readonly onStored: (message: Message) => void;
  readonly onAcked: (message: Message) => void;
}
