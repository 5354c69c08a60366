import { describe, expect, it } from '@jest/globals';
import { Turns } from './turns.ts';

const forever = new AbortController().signal;

async function* steps(name: string, count: number, seen: string[]): AsyncGenerator<undefined, string> {
  for (let step = 1; step <= count; step += 1) {
    seen.push(`${name}${step}`);
    if (step < count) yield;
  }
  return name;
}

describe('Turns', () => {
  it('lets each take a step in its turn, and the next one in when one is done', async () => {
    const turns = new Turns(2);
    const seen: string[] = [];
    const running = [
      turns.run(steps('a', 4, seen), forever),
      turns.run(steps('b', 2, seen), forever),
      turns.run(steps('c', 2, seen), forever),
    ];
    expect(await Promise.all(running)).toEqual(['a', 'b', 'c']);
    expect(seen.filter((step) => step.startsWith('c'))).toEqual(['c1', 'c2']);
    expect(seen.indexOf('c1')).toBeGreaterThan(seen.indexOf('b2'));
    expect(seen.indexOf('a4')).toBeGreaterThan(seen.indexOf('b2'));
  });

  it('stops within a step, also who still waits', async () => {
    const turns = new Turns(1);
    const seen: string[] = [];
    const abort = new AbortController();
    async function* endless(): AsyncGenerator<undefined, never> {
      for (;;) {
        seen.push('x');
        if (seen.length === 3) abort.abort();
        yield;
      }
    }
    const first = turns.run(endless(), abort.signal);
    const second = turns.run(steps('b', 1, seen), abort.signal);
    const third = turns.run(steps('c', 1, seen), forever);
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
    await expect(second).rejects.toMatchObject({ code: 'cancelled' });
    expect(await third).toBe('c');
    expect(seen).toEqual(['x', 'x', 'x', 'c1']);
  });

  it('hands on what fails, and goes on', async () => {
    const turns = new Turns(1);
    // biome-ignore lint/correctness/useYield: it fails before its first turn is over
    async function* failing(): AsyncGenerator<undefined, never> {
      throw new Error('no');
    }
    await expect(turns.run(failing(), forever)).rejects.toThrow('no');
    expect(await turns.run(steps('b', 2, []), forever)).toBe('b');
  });
});
