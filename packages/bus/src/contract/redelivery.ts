import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Delivery } from '../bus.ts';
import {
  acknowledge,
  consume,
  createTopic,
  hold,
  inNumericOrder,
  numbers,
  SUBSCRIPTION,
  sendNumbers,
  until,
} from './probe.ts';
import { startChild } from './process.ts';
import type { Subject } from './subject.ts';

/** A bus need not know whether a message was handed out before, but does not say what is wrong. */
function toldOf({ redelivered }: Delivery, wasHandedOut: boolean): void {
  expect([wasHandedOut, undefined]).toContain(redelivered);
}

export function redeliveryContract(subject: Subject): void {
  describe('redelivery', () => {
    it('follows a nack after its delay, not before', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const refused = new Map<string, number>();
      const again = new Map<string, number>();
      await consume(bus, topic, async (delivery) => {
        toldOf(delivery, refused.has(delivery.value));
        if (refused.has(delivery.value)) {
          again.set(delivery.value, Date.now());
          return delivery.ack();
        }
        refused.set(delivery.value, Date.now());
        return delivery.nack(delivery.value === '0' ? 0 : 1_200);
      });
      await sendNumbers(await bus.producer(topic), 3);
      await until('all came again', () => again.size === 3);
      for (const value of ['1', '2']) {
        expect((again.get(value) ?? 0) - (refused.get(value) ?? 0)).toBeGreaterThanOrEqual(1_195);
      }
      await until('none is left', async () => (await bus.backlog(topic, SUBSCRIPTION)) === 0);
    });

    it('lets others pass while a message that was refused waits', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const done: string[] = [];
      await consume(
        bus,
        topic,
        async (delivery) => {
          if (delivery.value === '0' && done.length < 20) return delivery.nack(200);
          done.push(delivery.value);
          return delivery.ack();
        },
        1,
      );
      await sendNumbers(await bus.producer(topic), 21);
      await until('all were done', () => done.length === 21);
      expect(done.at(-1)).toBe('0');
    });

    it('follows a handler that fails', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      let failures = 0;
      const inbox = await consume(bus, topic, async (delivery, own) => {
        if (own.deliveries.length === 1) {
          failures += 1;
          throw new Error('a bug in the handler');
        }
        await delivery.ack();
      });
      await sendNumbers(await bus.producer(topic), 1);
      await until('it came again', () => inbox.deliveries.length === 2);
      expect(failures).toBe(1);
      expect((inbox.times[1] ?? 0) - (inbox.times[0] ?? 0)).toBeGreaterThanOrEqual(995);
    });

    it('goes to other consumers once a consumer closed with deliveries unsettled', async () => {
      const [bus, second] = [await subject.open(), await subject.open()];
      const topic = await createTopic(bus);
      await sendNumbers(await bus.producer(topic), 10);
      const first = await consume(bus, topic, hold, 10);
      await until('the first holds all', () => first.deliveries.length === 10);
      await Promise.all(first.deliveries.slice(0, 4).map((delivery) => delivery.ack()));
      const settled = first.values.slice(0, 4);
      const other = await consume(second, topic);
      await sleep(300);
      expect(other.values).toEqual([]);
      await first.close();
      await until('the rest came', () => other.deliveries.length >= 6);
      for (const delivery of other.deliveries) toldOf(delivery, true);
      await sleep(300);
      expect(inNumericOrder([...other.values, ...settled])).toEqual(numbers(10));
    });

    it('follows when the whole bus handle was closed, also one opened again', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      await sendNumbers(await bus.producer(topic), 5);
      const first = await consume(bus, topic, hold);
      await until('the first holds all', () => first.deliveries.length === 5);
      await bus.close();
      const again = await consume(await subject.open(), topic);
      await until('all came again', () => again.deliveries.length >= 5);
      expect(inNumericOrder(again.values)).toEqual(numbers(5));
    });

    it('follows the death of a consumer that was killed, and holds nothing twice while it lived', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      await sendNumbers(await bus.producer(topic), 8);
      const child = startChild(subject, 'hold', topic, 8);
      await until('the child holds all', () => child.said.length === 8).catch((cause: unknown) => {
        throw new Error(`the child said ${child.said.length}; ${child.errors()}`, { cause });
      });
      const inbox = await consume(bus, topic, acknowledge);
      // longer than any lease: a consumer that is alive and slow keeps what it holds
      await sleep(4_000);
      expect(inbox.values).toEqual([]);
      await child.kill();
      await until('the others get it', () => inbox.deliveries.length >= 8);
      for (const delivery of inbox.deliveries) toldOf(delivery, true);
      expect(inNumericOrder(inbox.values)).toEqual(numbers(8));
    });
  });
}
