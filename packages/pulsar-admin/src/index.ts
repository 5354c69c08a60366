export { type PulsarAddress, type PulsarBusOptions, readAddress } from './address.ts';
export { PulsarAdmin } from './admin.ts';
export type { Deliveries, Settler } from './deliveries.ts';
export { decodePlace, encodeBefore, type MessagePlace } from './message-id.ts';
export { pause } from './pause.ts';
export { probeHosts } from './probe-hosts.ts';
export { PulsarBus } from './pulsar-bus.ts';
export type { Feed, FeedStart } from './replay.ts';
export {
  type Attach,
  MAX_PENDING,
  type Transport,
  type WireConsumer,
  type WireProducer,
} from './transport.ts';
export type { WireDelivery, WireMessage } from './wire.ts';
