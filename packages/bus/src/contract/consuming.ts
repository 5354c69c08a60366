import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import {
  acknowledge,
  consume,
  createTopic,
  hold,
  inNumericOrder,
  numbers,
  readAll,
  SUBSCRIPTION,
  sendNumbers,
  until,
} from './probe.ts';
import type { Subject } from './subject.ts';

export function consumingContract(subject: Subject): void {
  describe('consuming', () => {
    it('hands out what was there before the first consumer came, roughly in order', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      await sendNumbers(await bus.producer(topic), 60);
      const inbox = await consume(bus, topic, acknowledge, 4);
      await until('all were delivered', () => inbox.deliveries.length >= 60);
      expect(inNumericOrder(inbox.values)).toEqual(numbers(60));
      inbox.values.forEach((value, place) => {
        expect(Math.abs(Number(value) - place)).toBeLessThanOrEqual(20);
      });
    });

    it('delivers the message as readers see it', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const producer = await bus.producer(topic);
      await producer.send({ key: 'the key', value: '{"é":1}', properties: { a: 'b' } });
      const inbox = await consume(bus, topic);
      await until('it was delivered', () => inbox.deliveries.length === 1);
      const [message] = await readAll(bus, topic);
      expect(inbox.deliveries[0]).toMatchObject({ ...message });
    });

    it('gives each message to one of several competing consumers', async () => {
      const buses = [await subject.open(), await subject.open()];
      const [bus] = buses;
      if (!bus) throw new Error('no bus');
      const topic = await createTopic(bus);
      const slowly = async (...given: Parameters<typeof acknowledge>) => {
        await sleep(5);
        await acknowledge(...given);
      };
      const inboxes = await Promise.all([...buses, bus].map((each) => consume(each, topic, slowly, 5)));
      await sendNumbers(await bus.producer(topic), 300);
      const delivered = () => inboxes.flatMap((inbox) => inbox.values);
      await until('all were delivered', () => delivered().length >= 300);
      await until('none is left', async () => (await bus.backlog(topic, SUBSCRIPTION)) === 0);
      expect(inNumericOrder(delivered())).toEqual(numbers(300));
      for (const inbox of inboxes) expect(inbox.values.length).toBeGreaterThan(0);
    });

    it('gives every subscription all messages', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const specs = [{ topic, subscriptions: ['second'], retentionMs: Number.POSITIVE_INFINITY }];
      await bus.ensureTopics(specs);
      await sendNumbers(await bus.producer(topic), 10);
      const first = await consume(bus, topic);
      const second: string[] = [];
      await bus.subscribe(
        topic,
        'second',
        async (delivery) => {
          second.push(delivery.value);
          await delivery.ack();
        },
        { maxInFlight: 3 },
      );
      await until('both have all', () => first.deliveries.length >= 10 && second.length >= 10);
      expect(inNumericOrder(first.values)).toEqual(numbers(10));
      expect(inNumericOrder(second)).toEqual(numbers(10));
    });

    it('counts the backlog: what is waiting, delayed or in flight', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const producer = await bus.producer(topic);
      const backlog = (count: number) =>
        until(`a backlog of ${count}`, async () => (await bus.backlog(topic, SUBSCRIPTION)) === count);
      await backlog(0);
      await sendNumbers(producer, 5);
      await producer.send({ key: 'k', value: 'late', deliverAtMs: bus.nowMs() + 3_600_000 });
      await backlog(6);
      const inbox = await consume(bus, topic, hold);
      await until('five are in flight', () => inbox.deliveries.length === 5);
      await backlog(6);
      await inbox.deliveries[0]?.ack();
      await inbox.deliveries[3]?.ack();
      await backlog(4);
    });

    it('does not deliver before the time given, while readers see the message at once', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const producer = await bus.producer(topic);
      const inbox = await consume(bus, topic);
      const deliverAtMs = bus.nowMs() + 2_500;
      await producer.send({ key: 'k', value: 'late', deliverAtMs });
      await producer.send({ key: 'k', value: 'now' });
      await producer.send({ key: 'k', value: 'past', deliverAtMs: bus.nowMs() - 60_000 });
      expect((await readAll(bus, topic)).map((message) => message.value)).toEqual(['late', 'now', 'past']);
      await until('all came', () => inbox.deliveries.length >= 3);
      expect(inbox.values.at(-1)).toBe('late');
      expect(inbox.times.at(-1)).toBeGreaterThanOrEqual(deliverAtMs);
    });

    it('starts another consumer later, and the subscription goes on where it stood', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const producer = await bus.producer(topic);
      await sendNumbers(producer, 5);
      const first = await consume(bus, topic);
      await until('the first five', () => first.deliveries.length === 5);
      await until('they are settled', async () => (await bus.backlog(topic, SUBSCRIPTION)) === 0);
      await first.close();
      await bus.close();
      const again = await subject.open();
      await sendNumbers(await again.producer(topic), 5, 5);
      const second = await consume(again, topic);
      await until('the next five', () => second.deliveries.length >= 5);
      await sleep(300);
      expect(inNumericOrder(second.values)).toEqual(numbers(5, 5));
    });
  });
}
