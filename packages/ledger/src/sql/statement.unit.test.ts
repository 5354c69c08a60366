import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidQuery } from './invalid-query.ts';
import { MAX_SQL_CHARS } from './sql-ledger.ts';
import { readStatement } from './statement.ts';
import { sqlTokens } from './tokens.ts';

const wrong = (sql: string): InvalidQuery => {
  try {
    readStatement(sql);
  } catch (error) {
    if (error instanceof InvalidQuery) return error;
  }
  throw new Error(`${sql} was taken`);
};

describe('readStatement', () => {
  it.each([
    ['select 1;', 'select 1'],
    ['select \';\', ";" -- ;\n from t ; ; ', 'select \';\', ";" -- ;\n from t'],
    ["select 'it''s; fine' /* ; */", "select 'it''s; fine'"],
    [' with a as (select 1) table a ', ' with a as (select 1) table a'],
  ])('takes one query: %s', (text, sql) => {
    expect(readStatement(text).sql).toBe(sql);
  });

  it.each(['', '  ', ';', '-- select 1', '/* select 1', ' ;;\n-- x'])('finds none in %j', (text) => {
    expect(wrong(text).message).toBe('There is no query in it.');
  });

  it('refuses a second one, and says where the first ends', () => {
    expect(wrong("select ';';\n select 2").position).toEqual({ line: 1, column: 11 });
    expect(wrong('select 1; /* */ drop table t;').message).toMatch(/One query at a time/);
  });

  it.each([
    'INSERT into t values (1)',
    '-- only\n delete from t',
    'Set session x = 1',
    'call f()',
    'use a.b',
  ])('refuses what is no query: %s', (text) => {
    expect(wrong(text).message).toMatch(/^The ledger is read-only: [A-Z]+ is no query\.$/);
  });

  it('refuses what is longer than any question', () => {
    expect(wrong('x'.repeat(MAX_SQL_CHARS + 1)).message).toMatch(/at most/);
  });
});

describe('sqlTokens', () => {
  it('tells words from names, texts and comments', () => {
    const tokens = sqlTokens(`select "a""b".é_1, 'x''y' /* no */ >= 1.5e3 -- end`);
    expect(tokens.map(({ type, text }) => `${type} ${text}`)).toEqual([
      ...['word select', 'name "a""b"', 'sign .', 'word é_1', 'sign ,', "text 'x''y'"],
      ...['sign >', 'sign =', 'number 1.5e3'],
    ]);
  });

  it('stands where it says, whatever the text', () => {
    const pieces = fc.constantFrom(
      "'",
      '"',
      ';',
      '--',
      '/*',
      '*/',
      '\n',
      ' ',
      'a',
      '1',
      '.',
      'é',
      '😀',
      '__publish_time__',
    );
    fc.assert(
      fc.property(fc.array(pieces), (parts) => {
        const sql = parts.join('');
        let end = 0;
        for (const { text, offset } of sqlTokens(sql)) {
          expect(text).not.toBe('');
          expect(offset).toBeGreaterThanOrEqual(end);
          expect(sql.startsWith(text, offset)).toBe(true);
          end = offset + text.length;
        }
      }),
    );
  });
});
