import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import {
  acknowledge,
  consume,
  createTopic,
  hold,
  inNumericOrder,
  numbers,
  sendNumbers,
  until,
} from './probe.ts';
import { startChild } from './process.ts';
import { itIf, type Subject } from './subject.ts';

/** 96 MB in all: a client that fetched it would show. */
const LARGE = { count: 3_000, bytes: 32 * 1_024, grownBytes: 48 * 1_024 * 1_024 };

export function pressureContract(subject: Subject): void {
  describe('back-pressure', () => {
    it('never hands out more than the consumer asked for', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      await sendNumbers(await bus.producer(topic), 100);
      const stalled = await consume(bus, topic, hold, 7);
      await until('it is full', () => stalled.deliveries.length === 7);
      await sleep(500);
      expect(stalled.deliveries).toHaveLength(7);
      await stalled.deliveries[2]?.ack();
      await until('one more comes', () => stalled.deliveries.length === 8);
      await stalled.close();
      const busy = await consume(
        bus,
        topic,
        async (delivery, inbox) => {
          await sleep(3);
          await acknowledge(delivery, inbox);
        },
        3,
      );
      await until('all the rest', () => busy.deliveries.length >= 99);
      expect(busy.mostInFlight).toBeLessThanOrEqual(3);
    });

    itIf(
      subject.options.supports.noPrefetch,
      'lets a full consumer keep nothing from the others',
      async () => {
        const bus = await subject.open();
        const topic = await createTopic(bus);
        const full = await consume(bus, topic, hold, 1);
        await sendNumbers(await bus.producer(topic), 30);
        await until('it is full', () => full.deliveries.length === 1);
        const other = await consume(bus, topic);
        await until('the other gets all the rest', () => other.deliveries.length >= 29);
        expect(inNumericOrder([...full.values, ...other.values])).toEqual(numbers(30));
      },
    );

    it('stops while paused and goes on afterwards', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const inbox = await consume(bus, topic);
      const producer = await bus.producer(topic);
      await sendNumbers(producer, 5);
      await until('five came', () => inbox.deliveries.length === 5);
      inbox.consumer?.pause();
      await sendNumbers(producer, 5, 5);
      await sleep(500);
      expect(inbox.deliveries).toHaveLength(5);
      inbox.consumer?.resume();
      await until('the others came', () => inbox.deliveries.length >= 10);
      expect(inNumericOrder(inbox.values)).toEqual(numbers(10));
    });

    it('settles while paused', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const inbox = await consume(bus, topic, hold, 2);
      await sendNumbers(await bus.producer(topic), 4);
      await until('two came', () => inbox.deliveries.length === 2);
      inbox.consumer?.pause();
      await Promise.all(inbox.deliveries.map((delivery) => delivery.ack()));
      await sleep(300);
      expect(inbox.deliveries).toHaveLength(2);
      inbox.consumer?.resume();
      await until('the other two', () => inbox.deliveries.length >= 4);
      expect(inNumericOrder(inbox.values)).toEqual(numbers(4));
    });

    it('takes bounded memory on a large backlog, whoever stalls', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const producer = await bus.producer(topic);
      const value = 'x'.repeat(LARGE.bytes);
      for (let sent = 0; sent < LARGE.count; sent += 100) {
        await Promise.all(Array.from({ length: 100 }, () => producer.send({ key: 'k', value })));
      }
      const child = startChild(subject, 'stall', topic, 4);
      await until('the child has measured itself', () => child.said.length === 1, 60_000).catch(
        (cause: unknown) => {
          throw new Error(child.errors(), { cause });
        },
      );
      expect(child.said[0]?.held).toBe(4);
      expect(child.said[0]?.grownBytes).toBeLessThan(LARGE.grownBytes);
    }, 180_000);
  });
}
