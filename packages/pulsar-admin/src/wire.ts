import type { Message, OutgoingMessage } from '@genfleet/bus';
import { formatMessageId, type MessagePlace } from './message-id.ts';

/** Ours among a message's properties; readers don't see it. A broker may be up to a tick early (1 s), so we look too. */
const DELIVER_AT = 'genfleet-deliver-at-ms';

/** A message as both of Pulsar's protocols take it. */
export interface WireMessage {
  readonly key: string;
  readonly value: string;
  readonly properties: Readonly<Record<string, string>>;
  /**
   * The time of the call to `send` by the brokers' clock, carried as Pulsar's event time. A sender is not told the
   * publish time that Pulsar has, so this is what the port calls publish time: sender and readers know the same.
   */
  readonly eventTimeMs: number;
  readonly deliverAtMs?: number;
}

/** A message as both of Pulsar's protocols give it. */
export interface WireDelivery {
  readonly place: MessagePlace;
  readonly key: string;
  readonly value: string;
  readonly properties: Readonly<Record<string, string>>;
  /** 0 when the producer gave none. */
  readonly eventTimeMs: number;
  readonly publishTimeMs: number;
}

export function toWire(message: OutgoingMessage, nowMs: number): WireMessage {
  const { key, value, properties = {}, deliverAtMs } = message;
  if (deliverAtMs === undefined || deliverAtMs <= nowMs)
    return { key, value, properties, eventTimeMs: nowMs };
  const whole = Math.ceil(deliverAtMs);
  return {
    key,
    value,
    properties: { ...properties, [DELIVER_AT]: String(whole) },
    eventTimeMs: nowMs,
    deliverAtMs: whole,
  };
}

export function fromWire(topicName: string, wire: WireDelivery): { message: Message; deliverAtMs: number } {
  const { [DELIVER_AT]: deliverAt, ...properties } = wire.properties;
  const message = {
    messageId: formatMessageId(wire.place),
    topic: topicName,
    key: wire.key,
    value: wire.value,
    properties,
    publishTimeMs: wire.eventTimeMs || wire.publishTimeMs,
  };
  return { message, deliverAtMs: Number(deliverAt ?? 0) || 0 };
}
