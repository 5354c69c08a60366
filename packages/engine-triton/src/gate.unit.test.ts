import { describe, expect, it } from '@jest/globals';
import { Gate } from './gate.ts';
import { LinkedAbort } from './linked-abort.ts';

const never = new AbortController().signal;

describe('a gate', () => {
  it('lets in as many as there are places, then one for each that leaves, in order', async () => {
    const gate = new Gate(2, 5);
    const order: string[] = [];
    const first = await gate.enter(never);
    await gate.enter(never);
    const third = gate.enter(never).then(() => order.push('third'));
    const fourth = gate.enter(never).then(() => order.push('fourth'));
    expect(order).toEqual([]);
    first();
    first();
    await third;
    expect(order).toEqual(['third']);
    first();
    await Promise.race([fourth, new Promise((resolve) => setImmediate(resolve))]);
    expect(order).toEqual(['third']);
  });

  it('refuses more than may wait, and forgets who gives up', async () => {
    const gate = new Gate(1, 1);
    const leave = await gate.enter(never);
    const impatient = new AbortController();
    const waiting = gate.enter(impatient.signal);
    await expect(gate.enter(never)).rejects.toMatchObject({ code: 'queue_full' });
    impatient.abort('enough');
    await expect(waiting).rejects.toBe('enough');
    const next = gate.enter(never);
    leave();
    (await next)();
    await gate.enter(never);
    await expect(gate.enter(AbortSignal.abort('late'))).rejects.toBe('late');
  });
});

describe('a linked abort', () => {
  it('follows the first of its signals until it is let go', async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const linked = new LinkedAbort([one.signal, other.signal]);
    const waiting = linked.orAborted(new Promise(() => undefined));
    other.abort('why');
    expect(linked.signal.reason).toBe('why');
    await expect(waiting).rejects.toBe('why');
    await expect(linked.orAborted(Promise.resolve(1))).rejects.toBe('why');
    const later = new LinkedAbort([one.signal]);
    expect(await later.orAborted(Promise.resolve(2))).toBe(2);
    later.release();
    one.abort();
    expect(later.signal.aborted).toBe(false);
    expect(new LinkedAbort([AbortSignal.abort('before')]).signal.reason).toBe('before');
  });
});
