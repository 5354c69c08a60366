import type { Bus, Delivery, OutgoingMessage, Producer } from '@genfleet/bus';
import { pass } from './passage.ts';
import type { Point } from './points.ts';
import { everythingTwice } from './twice.ts';

type Sent = 'request' | 'cancel' | 'claim' | 'completed' | 'retry' | 'dead' | 'release';

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
        const given = watchDelivery(delivery);
        if (everythingTwice()) await handler(given);
        await handler(given);
      };
      return bus.subscribe(topic, subscription, service === 'worker' ? watched : handler, options);
    },
  });
}

function watchProducer(producer: Producer, topic: string, service: string): Producer {
  return override(producer, {
    send: async (message: OutgoingMessage) => {
      const what = sentOn(topic, message, service);
      if (!what) return producer.send(message);
      await pass(`${what}.unsent` satisfies Point, message.value);
      if (everythingTwice()) await producer.send(message);
      const sent = await producer.send(message);
      await pass(`${what}.sent` satisfies Point, message.value);
      return sent;
    },
  });
}

/** Workers write requests only for attempts after the first. */
function sentOn(topic: string, { value }: OutgoingMessage, service: string): Sent | undefined {
  switch (topic.slice(0, topic.indexOf('_'))) {
    case 'requested':
      return service === 'worker' ? 'retry' : 'request';
    case 'started':
      return value.includes('"released":true') ? 'release' : 'claim';
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

function watchDelivery(delivery: Delivery): Delivery {
  return override(delivery, {
    ack: async () => {
      await pass('ack.undone', delivery.value);
      await delivery.ack();
      await pass('ack.done', delivery.value);
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
