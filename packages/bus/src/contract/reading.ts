import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createTopic, numbers, readAll, sendNumbers, Tail, until, values } from './probe.ts';
import type { Subject } from './subject.ts';

export function readingContract(subject: Subject): void {
  describe('reading', () => {
    it('replays from the earliest in batches of the size asked for, then says that this was all', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      await sendNumbers(await bus.producer(topic), 25);
      const stop = new AbortController();
      const sizes: number[] = [];
      const seen: string[] = [];
      for await (const batch of bus.read(topic, { from: 'earliest', signal: stop.signal, batchSize: 10 })) {
        sizes.push(batch.messages.length);
        seen.push(...values(batch.messages));
        if (batch.caughtUp) stop.abort();
      }
      expect(seen).toEqual(numbers(25));
      expect(Math.max(...sizes)).toBeLessThanOrEqual(10);
    });

    it('says at once that an empty topic holds nothing', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      expect(await readAll(bus, topic)).toEqual([]);
      expect(await readAll(bus, topic, 'latest')).toEqual([]);
    });

    it('tails: what another handle publishes comes in order, once', async () => {
      const [bus, second] = [await subject.open(), await subject.open()];
      const topic = await createTopic(bus);
      await sendNumbers(await bus.producer(topic), 5);
      const tail = new Tail(second, topic, 'earliest');
      await until('the history was read', () => tail.caughtUpAfter !== undefined);
      expect(tail.caughtUpAfter).toBe(5);
      for (let round = 1; round <= 4; round++) {
        await sendNumbers(await bus.producer(topic), 5, round * 5);
        await until(`round ${round}`, () => tail.messages.length >= (round + 1) * 5);
      }
      expect(values(tail.messages)).toEqual(numbers(25));
      await tail.stop();
    });

    it('says that it caught up again after messages that came later', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const producer = await bus.producer(topic);
      const stop = new AbortController();
      const reader = bus.read(topic, { from: 'earliest', signal: stop.signal })[Symbol.asyncIterator]();
      const read = async (count: number) => {
        const seen: string[] = [];
        for (;;) {
          const { value: batch, done } = await reader.next();
          if (done) throw new Error('the read ended');
          seen.push(...values(batch.messages));
          if (batch.caughtUp && seen.length >= count) return seen;
        }
      };
      expect(await read(0)).toEqual([]);
      await producer.send({ key: 'k', value: 'later' });
      expect(await read(1)).toEqual(['later']);
      stop.abort();
      expect((await reader.next()).done).toBe(true);
    });

    it('begins at the latest: only what comes after', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const producer = await bus.producer(topic);
      await sendNumbers(producer, 5);
      const tail = new Tail(bus, topic, 'latest');
      await until('the reader stands at the end', () => tail.caughtUpAfter !== undefined);
      await sendNumbers(producer, 3, 5);
      await until('the new ones come', () => tail.messages.length >= 3);
      expect(values(tail.messages)).toEqual(['5', '6', '7']);
      await tail.stop();
    });

    it('begins after a message id, whoever gave it, the last one included', async () => {
      const [bus, second] = [await subject.open(), await subject.open()];
      const topic = await createTopic(bus);
      const sent = await sendNumbers(await bus.producer(topic), 20);
      const after = async (index: number) => {
        const from = { afterMessageId: sent[index]?.messageId ?? '' };
        return values(await readAll(second, topic, from));
      };
      expect(await after(0)).toEqual(numbers(19, 1));
      expect(await after(7)).toEqual(numbers(12, 8));
      expect(await after(19)).toEqual([]);
    });

    it('begins at a time: exactly what was published then or later', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const producer = await bus.producer(topic);
      for (const value of numbers(6)) {
        await producer.send({ key: 'k', value });
        await sleep(30);
      }
      const all = await readAll(bus, topic);
      for (const atTimeMs of [0, ...all.map((message) => message.publishTimeMs)]) {
        const expected = all.filter((message) => message.publishTimeMs >= atTimeMs);
        expect(values(await readAll(bus, topic, { atTimeMs }))).toEqual(values(expected));
      }
      expect(await readAll(bus, topic, { atTimeMs: Date.now() + 3_600_000 })).toEqual([]);
    });

    it('ends at once, without an error, when its signal says so, also one that was given up already', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const tail = new Tail(bus, topic, 'earliest');
      await until('it waits for more', () => tail.caughtUpAfter !== undefined);
      const startedMs = Date.now();
      await tail.stop();
      expect(Date.now() - startedMs).toBeLessThan(5_000);
      for await (const _batch of bus.read(topic, { from: 'earliest', signal: AbortSignal.abort() })) {
        throw new Error('read although the signal was given');
      }
    });

    it('consumes nothing, and two readers do not see each other', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      await sendNumbers(await bus.producer(topic), 10);
      const [one, other] = await Promise.all([readAll(bus, topic), readAll(bus, topic, 'earliest', 3)]);
      expect(values(one)).toEqual(numbers(10));
      expect(values(other)).toEqual(numbers(10));
    });

    it('ends a read that its user leaves', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      await sendNumbers(await bus.producer(topic), 3);
      const signal = new AbortController().signal;
      for await (const batch of bus.read(topic, { from: 'earliest', signal })) {
        if (batch.messages.length > 0) break;
      }
      // the bus must now close without waiting for anybody
      await bus.close();
    });
  });
}
