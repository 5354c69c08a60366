import type { Delivery } from '@genfleet/bus';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Deliveries } from './deliveries.ts';
import { toWire } from './wire.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');

function subject(maxInFlight = 2, handle: (delivery: Delivery) => Promise<void> = async () => undefined) {
  const given: Delivery[] = [];
  const acked: string[] = [];
  const released: string[] = [];
  const rooms: number[] = [];
  const deliveries = new Deliveries<string>({
    topicName: 'topic',
    maxInFlight,
    handler: (delivery) => {
      given.push(delivery);
      return handle(delivery);
    },
    settler: {
      ack: async (name) => void acked.push(name),
      release: (name) => void released.push(name),
    },
    nowMs: Date.now,
  });
  deliveries.whenRoom(() => rooms.push(deliveries.room));
  /** The broker delivers entry `entryId` as `handle`. */
  const offer = async (entryId: number, name = `m${entryId}`, deliverAtMs?: number) => {
    const message = { key: 'k', value: String(entryId), ...(deliverAtMs ? { deliverAtMs } : {}) };
    const { key, value, properties, eventTimeMs } = toWire(message, NOW_MS);
    const place = { ledgerId: 1, entryId, batchIndex: 0 };
    deliveries.offer({ place, key, value, properties, eventTimeMs, publishTimeMs: NOW_MS }, name);
    await Promise.resolve();
    await Promise.resolve();
  };
  const values = () => given.map((delivery) => delivery.value);
  return { deliveries, given, acked, released, rooms, offer, values };
}

describe('Deliveries', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: NOW_MS });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('has room for what the consumer asked for, and again as it settles', async () => {
    const { deliveries, given, acked, rooms, offer } = subject(2);
    expect(deliveries.room).toBe(2);
    await offer(0);
    await offer(1);
    expect(deliveries.room).toBe(0);
    await given[0]?.ack();
    expect(acked).toEqual(['m0']);
    expect(rooms).toEqual([1]);
    await given[0]?.ack();
    await given[0]?.nack(0);
    expect(acked).toEqual(['m0']);
    expect(deliveries.room).toBe(1);
  });

  it('holds what was refused, without taking room, and hands it back after the delay', async () => {
    const { deliveries, given, released, offer } = subject(1);
    await offer(0);
    await given[0]?.nack(5_000);
    expect(deliveries.room).toBe(1);
    jest.advanceTimersByTime(4_999);
    expect(released).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(released).toEqual(['m0']);
    await offer(0, 'again');
    expect(given).toHaveLength(2);
  });

  it('hands back after a second what its handler failed on', async () => {
    const { released, offer } = subject(1, () => Promise.reject(new Error('a bug')));
    await offer(0);
    await jest.advanceTimersByTimeAsync(999);
    expect(released).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(released).toEqual(['m0']);
  });

  it('does not hand out twice what the broker delivers again after a reconnect', async () => {
    const { given, acked, released, offer, values } = subject(3);
    await offer(0);
    await offer(1);
    await given[1]?.nack(60_000);
    await offer(0, 'm0 of the new connection');
    await offer(1, 'm1 of the new connection');
    expect(values()).toEqual(['0', '1']);
    await given[0]?.ack();
    expect(acked).toEqual(['m0 of the new connection']);
    jest.advanceTimersByTime(60_000);
    expect(released).toEqual(['m1 of the new connection']);
  });

  it('acknowledges again what was acknowledged while the news was lost', async () => {
    const { given, acked, offer } = subject(3);
    await offer(0);
    await given[0]?.ack();
    await offer(0, 'again');
    expect(given).toHaveLength(1);
    expect(acked).toEqual(['m0', 'again']);
  });

  it('gives nothing before its time, though the broker may be early', async () => {
    const { given, released, offer } = subject(3);
    await offer(0, 'early', NOW_MS + 800);
    expect(given).toEqual([]);
    jest.advanceTimersByTime(800);
    expect(released).toEqual(['early']);
    await offer(0, 'in time', NOW_MS + 800);
    expect(given).toHaveLength(1);
    expect(given[0]?.properties).toEqual({});
  });

  it('hands back at once what comes while it is paused', async () => {
    const { deliveries, given, released, rooms, offer } = subject(3);
    deliveries.pause();
    expect(deliveries.room).toBe(0);
    await offer(0);
    expect(given).toEqual([]);
    expect(released).toEqual(['m0']);
    deliveries.resume();
    expect(rooms.at(-1)).toBe(3);
  });

  it('lets nothing be settled after it was closed, and holds no timer', async () => {
    const { deliveries, given, acked, released, offer } = subject(3);
    await offer(0);
    await offer(1);
    await given[1]?.nack(1_000);
    deliveries.close();
    await expect(given[0]?.ack()).rejects.toMatchObject({ code: 'closed' });
    jest.advanceTimersByTime(10_000);
    expect([acked, released]).toEqual([[], []]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('stays within its bound when very much is refused', async () => {
    const { deliveries, given, offer } = subject(1);
    for (let entry = 0; entry < 5_001; entry++) {
      await offer(entry);
      await given[entry]?.nack(60_000);
    }
    expect(given).toHaveLength(5_001);
    expect(deliveries.room).toBe(0);
    jest.advanceTimersByTime(60_000);
    expect(deliveries.room).toBe(1);
  });
});
