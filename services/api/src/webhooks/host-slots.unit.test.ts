import { describe, expect, it } from '@jest/globals';
import { HostSlots } from './host-slots.ts';

describe('HostSlots', () => {
  it('bounds each host on its own', () => {
    const slots = new HostSlots(2);
    expect([slots.take('a'), slots.take('a'), slots.take('a'), slots.take('b')]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    slots.give('a');
    expect([slots.take('a'), slots.take('a')]).toEqual([true, false]);
  });
});
