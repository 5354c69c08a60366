import { describe, expect, it } from '@jest/globals';
import { footer, tableLines } from './result-table.ts';

const columns = [
  { name: 'text', type: 'varchar' },
  { name: 'n', type: 'bigint' },
];

describe('the table of an answer', () => {
  it('lines up, numbers to the right', () => {
    const rows = [
      ['a', 1_000],
      ['longer', null],
      [{ k: 'v' }, 2.5],
    ];
    expect([...tableLines({ columns, rows })]).toEqual([
      'text          n',
      '─────────  ────',
      'a          1000',
      'longer        ∅',
      '{"k":"v"}   2.5',
    ]);
  });

  it('cuts what is long, and lets nobody steer the terminal', () => {
    const [, , row] = tableLines({ columns, rows: [[`\u001b[31m${'x'.repeat(100)}\n`, 1]] });
    expect(row).toMatch(/^ \[31mx+… {2}1$/);
    expect(row).toHaveLength(63);
  });

  it('says how many rows there were', () => {
    const rows = Array.from({ length: 1_234 }, () => []);
    expect(footer({ columns: [], rows, truncated: true, elapsedMs: 1_234 })).toBe(
      '1,234 rows in 1.23 s; there are more, see --max-rows',
    );
    expect(footer({ columns: [], rows: [[1]], truncated: false, elapsedMs: 4 })).toBe('1 row in 0.00 s');
  });
});
