import { decodePlace, type MessagePlace, type WireDelivery, type WireMessage } from '@genfleet/pulsar-admin';

/** Frames of Pulsar's WebSocket service: JSON, the payload and Pulsar's own message ids in base64. */
type Frame = Readonly<Record<string, unknown>>;

const text = (value: unknown) => (typeof value === 'string' ? value : '');
const timeMs = (value: unknown) => Date.parse(text(value)) || 0;

export const placeIn = (messageId: unknown): MessagePlace =>
  decodePlace(Buffer.from(text(messageId), 'base64'));

export function toFrame(message: WireMessage, context: string): string {
  return JSON.stringify({
    payload: Buffer.from(message.value).toString('base64'),
    properties: message.properties,
    key: message.key,
    context,
    eventTime: new Date(message.eventTimeMs).toISOString(),
    ...(message.deliverAtMs === undefined ? {} : { deliverAt: message.deliverAtMs }),
  });
}

export function toDelivery(frame: Frame): WireDelivery {
  return {
    place: placeIn(frame['messageId']),
    key: text(frame['key']),
    value: Buffer.from(text(frame['payload']), 'base64').toString(),
    properties: (frame['properties'] ?? {}) as Readonly<Record<string, string>>,
    eventTimeMs: timeMs(frame['eventTime']),
    publishTimeMs: timeMs(frame['publishTime']),
  };
}
