import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WaitingLine } from './waiting-line.ts';

describe('WaitingLine', () => {
  it('counts what a plain list counts', () => {
    const step = fc.record({ timeMs: fc.integer({ min: 0, max: 4_000 }), leaves: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 3_000, size: 'max' }),
        fc.array(fc.integer({ min: -1, max: 4_001 })),
        (steps, asked) => {
          const line = new WaitingLine();
          const plain: number[] = [];
          for (const { timeMs, leaves } of steps) {
            const at = plain.indexOf(timeMs);
            if (leaves && at >= 0) {
              plain.splice(at, 1);
              line.add(timeMs, -1);
            } else {
              plain.push(timeMs);
              line.add(timeMs, 1);
            }
          }
          for (const timeMs of asked)
            expect(line.before(timeMs)).toBe(plain.filter((since) => since < timeMs).length);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('holds a long line that grows at its end and is served from its front', () => {
    const line = new WaitingLine();
    for (let timeMs = 0; timeMs < 100_000; timeMs++) line.add(timeMs, 1);
    for (let timeMs = 0; timeMs < 40_000; timeMs++) line.add(timeMs, -1);
    expect([0, 40_000, 40_001, 99_999, 200_000].map((timeMs) => line.before(timeMs))).toEqual([
      0, 0, 1, 59_999, 60_000,
    ]);
  });
});
