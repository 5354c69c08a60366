import type { Bus, Delivery, OutgoingMessage, Producer } from '@genfleet/bus';
import { pass } from './passage.ts';
import type { Point } from './points.ts';
import { everythingTwice } from './twice.ts';

type Sent = 'request' | 'redrive' | 'cancel' | Claimed | 'completed' | 'retry' | 'dead';
type Claimed = 'claim' | 'ahead' | 'renewal' | 'release';

/** What of a worker's claims is to be seen in them. */
interface RawClaim {
  readonly claim: string;
  readonly released?: boolean;
  readonly ahead_until?: string;
}

/** A bus whose sends, deliveries and acknowledgements pass the points. */
export function watchBus(bus: Bus, service: string): Bus {
  return override(bus, {
    producer: async (topic) => {
      const producer = await bus.producer(topic);
      return topic.persistent ? watchProducer(producer, topic.name, service) : producer;
    },
    subscribe: (topic, subscription, handler, options) => {
      const watched = async (delivery: Delivery) => {
        await pass('delivery.received', delivery.value);
        const given = watchSettling(delivery, 'ack.undone', 'ack.done');
        if (everythingTwice()) await handler(given);
        await handler(given);
      };
      const told = async (delivery: Delivery) => {
        await pass('webhook.received', delivery.value);
        await handler(watchSettling(delivery, 'webhook.called'));
      };
      const watching: Record<string, typeof handler> = { worker: watched, api: told };
      return bus.subscribe(topic, subscription, watching[service] ?? handler, options);
    },
  });
}

function watchProducer(producer: Producer, topic: string, service: string): Producer {
  const claims = new Set<string>();
  return override(producer, {
    send: async (message: OutgoingMessage) => {
      const what = sentOn(topic, message, service, claims);
      if (!what) return producer.send(message);
      await pass(`${what}.unsent` satisfies Point, message.value);
      if (everythingTwice()) await producer.send(message);
      const sent = await producer.send(message);
      await pass(`${what}.sent` satisfies Point, message.value);
      return sent;
    },
  });
}

/** Workers write requests only for attempts after the first, the API only for the first of a life. `claims`: those sent before. */
function sentOn(
  topic: string,
  { value }: OutgoingMessage,
  service: string,
  claims: Set<string>,
): Sent | undefined {
  switch (topic.slice(0, topic.indexOf('_'))) {
    case 'requested':
      if (service === 'worker') return 'retry';
      return value.includes('"redrive":0') ? 'request' : 'redrive';
    case 'started':
      return claimedBy(JSON.parse(value) as RawClaim, claims);
    case 'completed':
      return 'completed';
    case 'dlq':
      return 'dead';
    case 'cancelled':
      return 'cancel';
    default:
      return undefined;
  }
}

function claimedBy({ claim, released, ahead_until: until }: RawClaim, claims: Set<string>): Claimed {
  if (released) return 'release';
  if (until === undefined) return 'claim';
  if (claims.has(claim)) return 'renewal';
  claims.add(claim);
  return 'ahead';
}

function watchSettling(delivery: Delivery, before: Point, after?: Point): Delivery {
  return override(delivery, {
    ack: async () => {
      await pass(before, delivery.value);
      await delivery.ack();
      if (after) await pass(after, delivery.value);
    },
  });
}

/** The same object but for some of its methods. */
export function override<T extends object>(original: T, methods: Partial<T>): T {
  return new Proxy(original, {
    get(target, name) {
      const own = methods[name as keyof T];
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
