import { describe, expect, it } from '@jest/globals';
import { HostSlots } from './host-slots.ts';

describe('HostSlots', () => {
  it('bounds each host on its own', async () => {
    const slots = new HostSlots(2);
    const taken = [];
    for (const host of ['a', 'a', 'a', 'b']) taken.push(await slots.take(host, 1));
    expect(taken).toEqual([true, true, false, true]);
    slots.give('a');
    expect([await slots.take('a', 1), await slots.take('a', 1)]).toEqual([true, false]);
  });

  it('hands a slot to whoever waits longest', async () => {
    const slots = new HostSlots(1);
    await slots.take('a', 1);
    const order: string[] = [];
    const wait = async (name: string) => {
      if (await slots.take('a', 60_000)) order.push(name);
    };
    const waiting = [wait('first'), wait('second')];
    slots.give('a');
    slots.give('a');
    await Promise.all(waiting);
    expect(order).toEqual(['first', 'second']);
    expect(await slots.take('a', 1)).toBe(false);
    slots.give('a');
    expect(await slots.take('a', 1)).toBe(true);
  });
});
