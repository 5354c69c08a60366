import { setTimeout as sleep } from 'node:timers/promises';
import { GenfleetError } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import type { Producer } from '../bus.ts';
import {
  consume,
  createTopic,
  inNumericOrder,
  numbers,
  readAll,
  SUBSCRIPTION,
  Tail,
  until,
} from './probe.ts';
import { startChild } from './process.ts';
import { itIf, type Subject } from './subject.ts';

const KILLS = 4;
const RESTART_MS = 240_000;

/** Sends until it is acknowledged; says how often it was refused on the way. */
async function sendStubbornly(producer: Producer, value: string): Promise<number> {
  for (let refused = 0; ; refused++) {
    try {
      await producer.send({ key: 'k', value });
      return refused;
    } catch (thrown) {
      if (!(thrown instanceof GenfleetError) || thrown.code !== 'bus_unavailable') throw thrown;
      if (refused > 1_000) throw new Error('the bus did not come back', { cause: thrown });
      await sleep(100);
    }
  }
}

export function survivalContract(subject: Subject): void {
  describe('survival', () => {
    it('has every message that was acknowledged, when its publisher is killed at any moment', async () => {
      const bus = await subject.open();
      for (let kill = 0; kill < KILLS; kill++) {
        const topic = await createTopic(bus);
        const child = startChild(subject, 'publish', topic, 32);
        await until('it publishes', () => child.said.length > 0).catch((cause: unknown) => {
          throw new Error(child.errors(), { cause });
        });
        await sleep(Math.random() * 300);
        await child.kill();
        const stored = new Map((await readAll(bus, topic)).map((one) => [one.messageId, one.value]));
        for (const { messageId, value } of child.said) expect(stored.get(messageId ?? '')).toBe(value);
        expect(await bus.backlog(topic, SUBSCRIPTION)).toBe(stored.size);
      }
    }, 120_000);

    itIf(
      subject.options.supports.restart,
      'loses nothing when the bus is killed under traffic, and readers see each message once',
      async () => {
        const bus = await subject.open();
        const topic = await createTopic(bus);
        const producer = await bus.producer(topic);
        const inbox = await consume(bus, topic);
        const tail = new Tail(bus, topic, 'earliest');
        let next = 0;
        let restarted = false;
        const sender = async () => {
          while (!restarted || next < 400) {
            await sendStubbornly(producer, String(next++));
            await sleep(5);
          }
        };
        const senders = Promise.all(Array.from({ length: 4 }, sender));
        await until('traffic flows', () => inbox.deliveries.length > 20 && tail.messages.length > 20);
        await subject.under().restart?.();
        restarted = true;
        await senders;
        const seen = () => inNumericOrder(new Set(inbox.values));
        await until('the consumer got all', () => seen().length >= next, 120_000);
        await until('the reader got all', () => new Set(tail.messages.map((m) => m.value)).size >= next);
        await until('none is left', async () => (await bus.backlog(topic, SUBSCRIPTION)) === 0, 120_000);
        expect(seen()).toEqual(numbers(next));
        const ids = tail.messages.map((message) => message.messageId);
        expect(ids).toEqual([...new Set(ids)].sort((a, b) => (a < b ? -1 : 1)));
        expect(ids).toEqual((await readAll(bus, topic)).map((message) => message.messageId));
        await tail.stop();
      },
      RESTART_MS,
    );
  });
}
