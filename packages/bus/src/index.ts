export {
  type Bus,
  type Consumer,
  type ConsumerOptions,
  type Delivery,
  MAX_MESSAGE_BYTES,
  type Message,
  type OutgoingMessage,
  type Position,
  type Producer,
  type ReadBatch,
  type ReadOptions,
  type TopicSpec,
} from './bus.ts';
export { firstMessage } from './first-message.ts';
export { fleetTopics, WEBHOOK_SUBSCRIPTION } from './fleet-topics.ts';
export { checkOutgoing } from './outgoing.ts';
export { requireTopics } from './require-topics.ts';
