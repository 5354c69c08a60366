import { describe, expect, it } from '@jest/globals';
import { readVerifyWords } from './verify-words.ts';

describe('the words after genfleet verify', () => {
  it('are all optional', () => {
    expect(readVerifyWords([])).toEqual({ json: false, artifacts: 'check' });
  });

  it('name receipts, or a time range in any zone, and what to leave out', () => {
    expect(readVerifyWords(['--receipts', 'r.jsonl', '--artifacts=skip', '--json'])).toEqual({
      receipts: 'r.jsonl',
      artifacts: 'skip',
      json: true,
    });
    expect(readVerifyWords(['--from', '2026-03-01', '--to=2026-03-01T12:00:00.5+02:00'])).toEqual({
      fromMs: Date.UTC(2026, 2, 1),
      toMs: Date.UTC(2026, 2, 1, 10, 0, 0, 500),
      artifacts: 'check',
      json: false,
    });
    expect(readVerifyWords(['--kind', 'completion'])).toMatchObject({ kind: 'completion' });
  });

  it.each([
    [['receipts.jsonl'], /Unexpected argument/],
    [['--receipts'], /argument missing/],
    [['--from', '2026-02-30T00:00:00'], /a TIME is a date/],
    [['--from', '2026-13-01'], /a TIME is a date/],
    [['--from', '1772366400'], /a TIME is a date/],
    [['--from', '2026-03-02', '--to', '2026-03-01'], /not before/],
    [['--receipts', 'r.jsonl', '--to', '2026-03-01'], /either --receipts or a time range/],
    [['--kind', 'toString'], /--kind is one of/],
    [['--artifacts'], /argument missing/],
    [['--artifacts', 'maybe'], /--artifacts is check or skip/],
  ])('are not guessed: %j', (words, why) => {
    expect(readVerifyWords(words)).toMatch(why);
  });
});
