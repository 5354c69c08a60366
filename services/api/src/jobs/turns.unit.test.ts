import { describe, expect, it } from '@jest/globals';
import { Turns } from './turns.ts';

const LIMITS = { running: 2, waiting: 1, perCaller: 2 };

/** Work that ends when it is told to. */
function works(turns: Turns) {
  const begun: string[] = [];
  const start = (caller: string, signal = new AbortController().signal) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const taken = turns.take(caller, signal, async () => {
      begun.push(caller);
      return promise;
    });
    return { taken, end: () => resolve(caller) };
  };
  return { begun, start };
}

describe('turns', () => {
  it('let so many go on, so many wait, and no more', async () => {
    const { begun, start } = works(new Turns(LIMITS));
    const [a, b, c] = [start('a'), start('b'), start('c')];
    expect(start('d').taken).toBeUndefined();
    expect(begun).toEqual(['a', 'b']);
    a.end();
    expect(await a.taken).toBe('a');
    expect(begun).toEqual(['a', 'b', 'c']);
    for (const one of [b, c]) one.end();
    expect(await Promise.all([b.taken, c.taken])).toEqual(['b', 'c']);
    const [again, more] = [start('a'), start('b')];
    expect(begun.slice(3)).toEqual(['a', 'b']);
    for (const one of [again, more]) one.end();
  });

  it('are shared by callers', async () => {
    const { start } = works(new Turns({ ...LIMITS, running: 9 }));
    const first = start('a');
    expect(start('a').taken).toBeDefined();
    expect(start('a').taken).toBeUndefined();
    first.end();
    await first.taken;
    expect(start('a').taken).toBeDefined();
    expect(start('b').taken).toBeDefined();
  });

  it('are given up by who waits no longer, and kept by who fails', async () => {
    const turns = new Turns({ ...LIMITS, running: 1 });
    const { begun, start } = works(turns);
    const first = start('a');
    const gone = new AbortController();
    const second = start('b', gone.signal);
    gone.abort('gone');
    await expect(second.taken).rejects.toBe('gone');
    const third = start('c');
    first.end();
    await first.taken;
    expect(begun).toEqual(['a', 'c']);
    third.end();
    await third.taken;
    const failed = turns.take('d', new AbortController().signal, () => Promise.reject(new Error('no')));
    await expect(failed).rejects.toThrow('no');
    const last = start('e');
    expect(begun).toEqual(['a', 'c', 'e']);
    last.end();
  });
});
