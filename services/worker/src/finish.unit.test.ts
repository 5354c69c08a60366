import type { Delivery } from '@genfleet/bus';
import { describe, expect, it } from '@jest/globals';
import { nack } from './finish.ts';
import type { Waiting } from './run.ts';

describe('nack', () => {
  it('settles deliveries that come while it settles others, and then forgets the job', async () => {
    const settled: string[] = [];
    const deliveries: Delivery[] = [];
    const delivery = (name: string, meanwhile: () => void) =>
      ({
        nack: async () => {
          await Promise.resolve();
          settled.push(name);
          meanwhile();
        },
      }) as unknown as Delivery;
    const again = delivery('again', () => undefined);
    deliveries.push(delivery('first', () => deliveries.push(again)));
    const waiting = { deliveries, forget: () => settled.push('forgotten') } as unknown as Waiting;
    await nack(waiting, 0);
    expect(settled).toEqual(['first', 'again', 'forgotten']);
  });

  it('settles the others when the bus does not answer for one, and says so', async () => {
    const settled: string[] = [];
    const away = { nack: () => Promise.reject(new Error('away')) };
    const there = { nack: async () => void settled.push('there') };
    const forget = () => settled.push('forgotten');
    const waiting = { deliveries: [away, there], forget } as unknown as Waiting;
    await expect(nack(waiting, 0)).rejects.toThrow('away');
    expect(settled).toEqual(['there', 'forgotten']);
  });
});
