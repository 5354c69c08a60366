import { GenfleetError } from '@genfleet/job';
import { decodePlace, type MessagePlace, type WireDelivery, type WireMessage } from '@genfleet/pulsar-admin';
import { lastWords, type Pulsar } from './native.ts';

export const placeOf = (id: Pulsar.MessageId): MessagePlace => decodePlace(id.serialize());

export function toDelivery(message: Pulsar.Message): WireDelivery {
  return {
    place: placeOf(message.getMessageId()),
    key: message.getPartitionKey(),
    value: message.getData().toString(),
    properties: message.getProperties(),
    eventTimeMs: message.getEventTimestamp(),
    publishTimeMs: message.getPublishTimestamp(),
  };
}

export function toNative(message: WireMessage): Pulsar.ProducerMessage {
  return {
    data: Buffer.from(message.value),
    partitionKey: message.key,
    properties: message.properties,
    eventTimestamp: message.eventTimeMs,
    ...(message.deliverAtMs === undefined ? {} : { deliverAt: message.deliverAtMs }),
  };
}

/** The client's own result is often no more than "TimeOut"; what it logged says more. */
export function unavailable(what: string, cause: unknown): GenfleetError {
  const result = (cause as Error).message;
  const code = /Authorization|Authentication/.test(result) ? 'bus_unauthorized' : 'bus_unavailable';
  const detail = lastWords();
  return new GenfleetError(code, `${what}: ${result}${detail ? ` (${detail})` : ''}`, { cause });
}
