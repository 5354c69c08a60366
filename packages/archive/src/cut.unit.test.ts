import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { belongsTo, dueMs, type Extent, extended, HOUR_MS, isFull } from './cut.ts';
import { fileKey, isBehind, recordKey } from './layout.ts';

const NOON_MS = Date.parse('2026-03-01T12:00:00Z');
const limits = { intervalMs: HOUR_MS, maxMessages: 3, maxChars: 100 };
const at = (publishTimeMs: number, value = 'x') => ({ messageId: '1', publishTimeMs, value });
const first = (timeMs: number): Extent => extended(undefined, at(timeMs));

describe('where a file ends', () => {
  it('is the end of the hour of its first message', () => {
    const open = first(NOON_MS + 5_000);
    expect(belongsTo(open, at(NOON_MS + HOUR_MS - 1), limits)).toBe(true);
    expect(belongsTo(open, at(NOON_MS + HOUR_MS), limits)).toBe(false);
    expect(dueMs(open, NOON_MS + 6_000, limits)).toBe(NOON_MS + HOUR_MS + 2_000);
  });

  it('is earlier where the interval is shorter, and never beyond the hour', () => {
    const open = first(NOON_MS + HOUR_MS - 5_000);
    const often = { ...limits, intervalMs: 60_000 };
    expect(belongsTo(open, at(NOON_MS + HOUR_MS), often)).toBe(false);
    expect(belongsTo(open, at(NOON_MS + HOUR_MS - 1), often)).toBe(true);
    const odd = { ...limits, intervalMs: 7 * 60_000 };
    expect(belongsTo(open, at(NOON_MS + HOUR_MS), odd)).toBe(false);
    expect(dueMs(open, NOON_MS + HOUR_MS, odd)).toBe(NOON_MS + HOUR_MS + 2_000);
  });

  it('takes what was published late, and does not wait for a clock that is ahead', () => {
    expect(belongsTo(first(NOON_MS), at(NOON_MS - 3 * HOUR_MS), limits)).toBe(true);
    expect(dueMs(first(NOON_MS + 999 * HOUR_MS), NOON_MS, limits)).toBe(NOON_MS + HOUR_MS + 2_000);
  });

  it('comes with so many messages, or so much text', () => {
    expect(isFull({ ...first(0), messages: 3 }, limits)).toBe(true);
    expect(isFull({ ...first(0), chars: 100 }, limits)).toBe(true);
    expect(isFull({ ...first(0), messages: 2, chars: 99 }, limits)).toBe(false);
  });
});

describe('names', () => {
  const ids = fc.record({
    ledger: fc.nat(),
    entry: fc.nat(),
    batch: fc.nat(99_999),
  });
  const text = ({ ledger, entry, batch }: { ledger: number; entry: number; batch: number }) =>
    `${String(ledger).padStart(15, '0')}:${String(entry).padStart(10, '0')}:${String(batch).padStart(5, '0')}`;

  it('of records sort as the messages do that they follow', () => {
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        const [a, b] = [text(one), text(other)];
        expect(recordKey('t', a) < recordKey('t', b)).toBe(a < b);
        expect(recordKey('t', undefined) < recordKey('t', a)).toBe(true);
        expect(isBehind('t', recordKey('t', a), b)).toBe(a > b);
      }),
    );
  });

  it('of files say what is in them', () => {
    const key = fileKey('t', { first: '1:2:3', last: '4:5:6', firstTimeMs: NOON_MS + 59 * 60_000 });
    expect(key).toBe('t/dt=2026-03-01/hour=12/0-1.2.3-4.5.6.parquet');
  });
});
