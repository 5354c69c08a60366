import { describe, expect, it } from '@jest/globals';
import type { Bus } from '../bus.ts';
import { MAX_MESSAGE_BYTES } from '../bus.ts';
import {
  codeOf,
  consume,
  createTopic,
  newTopic,
  numbers,
  readAll,
  SUBSCRIPTION,
  sendNumbers,
  Tail,
  until,
  values,
} from './probe.ts';
import { itIf, type Subject } from './subject.ts';

/** By how much two looks at one clock of the bus may differ. */
const CLOCK_ERROR_MS = 1_000;

/** Publishes again and again until every tail has something: a reader takes a moment to be connected. */
async function nudge(bus: Bus, topic: ReturnType<typeof newTopic>, tails: readonly Tail[]) {
  const producer = await bus.producer(topic);
  await until('a first message reaches every reader', async () => {
    await producer.send({ key: 'nudge', value: 'nudge' });
    return tails.every((tail) => tail.messages.length > 0);
  });
  return producer;
}

export function publishingContract(subject: Subject): void {
  describe('publishing', () => {
    it('stores a message whole: key, any text, properties', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const producer = await bus.producer(topic);
      const value = JSON.stringify({ text: 'línea\n"quoted" \\ 日本 🚀 \u0000 \u2028 end', list: [1, null] });
      const properties = { traceparent: '00-0af7651916cd43dd-01', empty: '', 'spaced key': 'ü' };
      const beganMs = bus.nowMs();
      const sent = await producer.send({ key: 'ключ/1', value, properties });
      const [message] = await readAll(bus, topic);
      expect(message).toMatchObject({ messageId: sent.messageId, topic: topic.name, key: 'ключ/1', value });
      expect(message?.properties).toEqual(properties);
      expect(message?.publishTimeMs).toBeGreaterThan(beganMs - CLOCK_ERROR_MS);
      expect(message?.publishTimeMs).toBeLessThan(bus.nowMs() + CLOCK_ERROR_MS);
      // the machine that tests is also the broker's, or is synchronised with it
      expect(Math.abs(bus.nowMs() - Date.now())).toBeLessThan(60_000);
    });

    it('gives ids that readers see too, and that sort as text in the order of the topic', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const producer = await bus.producer(topic);
      const sent = [...(await sendNumbers(producer, 120)), ...(await sendNumbers(producer, 30, 120))];
      const ids = (await readAll(bus, topic)).map((message) => message.messageId);
      expect(ids).toEqual([...ids].sort((a, b) => (a < b ? -1 : 1)));
      expect(new Set(ids).size).toBe(150);
      expect(sent.map(({ messageId }) => messageId)).toEqual(ids);
    });

    itIf(subject.options.supports.exactPublishTime, 'tells the publish time that readers see', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const sent = await sendNumbers(await bus.producer(topic), 20);
      const read = await readAll(bus, topic);
      expect(read.map((message) => message.publishTimeMs)).toEqual(sent.map((one) => one.publishTimeMs));
    });

    it('keeps the order of each key, with many sends in flight from two handles', async () => {
      const buses = [await subject.open(), await subject.open()];
      const [first] = buses;
      if (!first) throw new Error('no bus');
      const topic = await createTopic(first);
      await Promise.all(
        buses.map(async (bus, owner) => {
          const producer = await bus.producer(topic);
          const sends = numbers(200).map((value, index) =>
            producer.send({ key: `${owner}-${index % 5}`, value }),
          );
          await Promise.all(sends);
        }),
      );
      const byKey = new Map<string, number[]>();
      for (const { key, value } of await readAll(first, topic)) {
        byKey.set(key, [...(byKey.get(key) ?? []), Number(value)]);
      }
      expect(byKey.size).toBe(10);
      for (const sequence of byKey.values()) {
        expect(sequence).toHaveLength(40);
        expect(sequence).toEqual([...sequence].sort((a, b) => a - b));
      }
    });

    it('takes a message of the largest size and refuses a larger one', async () => {
      const bus = await subject.open();
      const topic = await createTopic(bus);
      const producer = await bus.producer(topic);
      const largest = 'é'.repeat(MAX_MESSAGE_BYTES / 2);
      await producer.send({ key: 'k', value: largest });
      expect(await codeOf(producer.send({ key: 'k', value: `${largest}x` }))).toBe('message_too_large');
      expect(await codeOf(producer.send({ key: 'k'.repeat(257), value: '' }))).toBe('message_too_large');
      expect(values(await readAll(bus, topic))).toEqual([largest]);
    });

    it('keeps topics apart', async () => {
      const bus = await subject.open();
      const one = await createTopic(bus);
      const other = await createTopic(bus);
      await sendNumbers(await bus.producer(one), 3);
      await sendNumbers(await bus.producer(other), 2, 100);
      expect(values(await readAll(bus, one))).toEqual(['0', '1', '2']);
      expect(values(await readAll(bus, other))).toEqual(['100', '101']);
      expect(await bus.backlog(other, SUBSCRIPTION)).toBe(2);
    });

    it('ensures topics as often as asked, from several handles at once, and loses nothing by it', async () => {
      const [bus, second] = [await subject.open(), await subject.open()];
      const topic = await createTopic(bus);
      await sendNumbers(await bus.producer(topic), 4);
      const spec = { topic, subscriptions: [SUBSCRIPTION], retentionMs: Number.POSITIVE_INFINITY };
      await Promise.all([bus.ensureTopics([spec]), second.ensureTopics([spec]), bus.ensureTopics([spec])]);
      const late = { ...spec, subscriptions: [SUBSCRIPTION, 'another'] };
      await second.ensureTopics([late]);
      expect(values(await readAll(second, topic))).toEqual(numbers(4));
      const inbox = await consume(bus, topic);
      await until('the subscription still has what was sent', () => inbox.values.length === 4);
    });
  });

  describe('non-persistent topics', () => {
    it('reach every current reader in order, and nobody later', async () => {
      const [bus, second] = [await subject.open(), await subject.open()];
      const topic = newTopic(false);
      await bus.ensureTopics([{ topic, subscriptions: [], retentionMs: 0 }]);
      const lost = await (await bus.producer(topic)).send({ key: 'k', value: 'before any reader' });
      expect(typeof lost.messageId).toBe('string');
      const tails = [new Tail(bus, topic, 'latest'), new Tail(second, topic, 'latest')];
      const producer = await nudge(bus, topic, tails);
      await sendNumbers(producer, 50);
      const heard = (tail: Tail) => values(tail.messages).filter((value) => value !== 'nudge');
      await until('everything arrives', () => tails.every((tail) => heard(tail).length >= 50));
      for (const tail of tails) expect(heard(tail)).toEqual(numbers(50));
      const late = new Tail(second, topic, 'latest');
      await until('the late reader is there', () => late.caughtUpAfter !== undefined);
      expect(heard(late)).toEqual([]);
      for (const tail of [...tails, late]) await tail.stop();
    });
  });
}
