import type { Topic } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import type { Bus } from '../bus.ts';
import { codeOf, consume, createTopic, newTopic, SUBSCRIPTION, Tail, until } from './probe.ts';
import { itIf, type Subject } from './subject.ts';

async function drain(bus: Bus, topic: Topic) {
  for await (const _batch of bus.read(topic, { from: 'earliest', signal: AbortSignal.timeout(20_000) })) {
    // only its end is of interest
  }
}

const HANDLER = async () => undefined;
const BOUND_MS = 45_000;

export function faultContract(subject: Subject): void {
  describe('faults', () => {
    it('names a missing topic', async () => {
      const bus = await subject.open();
      const topic = newTopic();
      const calls = [
        bus.producer(topic),
        bus.subscribe(topic, SUBSCRIPTION, HANDLER, { maxInFlight: 1 }),
        bus.backlog(topic, SUBSCRIPTION),
        drain(bus, topic),
      ];
      for (const code of await Promise.all(calls.map(codeOf))) expect(code).toBe('topic_not_found');
    });

    it('answers a ping', async () => {
      const bus = await subject.open();
      await bus.ping(10_000);
    });

    it(
      'says within a bounded time that nobody answers at an address',
      async () => {
        const startedMs = Date.now();
        const use = async () => {
          const bus = await subject.open(subject.under().unreachableAddress);
          await bus.ping(10_000);
        };
        expect(await codeOf(use())).toBe('bus_unavailable');
        const produce = async () => {
          const bus = await subject.open(subject.under().unreachableAddress);
          await bus.producer(newTopic());
        };
        expect(await codeOf(produce())).toBe('bus_unavailable');
        expect(Date.now() - startedMs).toBeLessThan(BOUND_MS);
      },
      2 * BOUND_MS,
    );

    itIf(
      subject.options.supports.tokens,
      'says that a token was refused',
      async () => {
        const topic = await createTopic(await subject.open());
        const use = async () => {
          const bus = await subject.open(subject.under().wrongTokenAddress);
          await bus.producer(topic);
        };
        expect(await codeOf(use())).toBe('bus_unauthorized');
        const ping = async () => {
          const bus = await subject.open(subject.under().wrongTokenAddress);
          await bus.ping(10_000);
        };
        expect(await codeOf(ping())).toBe('bus_unauthorized');
      },
      2 * BOUND_MS,
    );

    it('ends everything when it closes, and refuses what comes later', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const producer = await bus.producer(topic);
      const tail = new Tail(bus, topic, 'earliest');
      const inbox = await consume(bus, topic);
      await until('the reader waits', () => tail.caughtUpAfter !== undefined);
      await bus.close();
      await tail.ended;
      const other = await subject.open();
      await (await other.producer(topic)).send({ key: 'k', value: 'after the close' });
      expect(inbox.values).toEqual([]);
      const calls = [
        producer.send({ key: 'k', value: 'x' }),
        bus.producer(topic),
        bus.subscribe(topic, SUBSCRIPTION, HANDLER, { maxInFlight: 1 }),
        bus.backlog(topic, SUBSCRIPTION),
        bus.ensureTopics([]),
        bus.ping(1_000),
        drain(bus, topic),
      ];
      for (const code of await Promise.all(calls.map(codeOf))) expect(code).toBe('closed');
      await bus.close();
    });

    it('refuses a send on a closed producer, and leaves the others alone', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const [one, other] = [await bus.producer(topic), await bus.producer(topic)];
      await one.close();
      expect(await codeOf(one.send({ key: 'k', value: 'x' }))).toBe('closed');
      await other.send({ key: 'k', value: 'x' });
    });

    it('settles what was sent before it closed', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const producer = await bus.producer(topic);
      const sends = Array.from({ length: 50 }, () => producer.send({ key: 'k', value: 'x' }));
      const settled = Promise.allSettled(sends);
      await bus.close();
      const stored = (await settled).filter(({ status }) => status === 'fulfilled').length;
      const other = await subject.open();
      await until('all that was acknowledged counts', async () => {
        return (await other.backlog(topic, SUBSCRIPTION)) >= stored;
      });
    });
  });
}
