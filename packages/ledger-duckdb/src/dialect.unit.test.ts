import { InvalidQuery, readStatement } from '@genfleet/ledger';
import { describe, expect, it } from '@jest/globals';
import { forDuckdb } from './dialect.ts';
import { faultOf } from './faults.ts';

const rewritten = (sql: string) => forDuckdb(readStatement(sql));

describe('forDuckdb', () => {
  it.each([
    ['select transform(x, y -> y.z)', 'select apply    (x, y -> y.z)'],
    ['select TRANSFORM (a, b -> transform(b, c -> c))', 'select apply     (a, b -> apply    (b, c -> c))'],
    [
      `select "transform"(1), 'transform(2)', transform, x.transform -- transform(3)`,
      `select "transform"(1), 'transform(2)', transform, x.transform`,
    ],
  ])('keeps the length of %s', (sql, wanted) => {
    expect(rewritten(sql)).toBe(wanted);
  });

  it.each(['select * from Enable_Logging ()', 'select "checkpoint"()', "select read_text('/etc/passwd')"])(
    'refuses %s',
    (sql) => {
      expect(() => rewritten(sql)).toThrow(InvalidQuery);
    },
  );

  it('lets names be names', () => {
    const sql = "select glob, 'read_text(' from checkpoint";
    expect(rewritten(sql)).toBe(sql);
  });
});

describe('faultOf', () => {
  const told = (type: string, message: string, more: object = {}) =>
    new Error(JSON.stringify({ exception_type: type, exception_message: message, ...more }));

  it('finds the place, which DuckDB counts in bytes', () => {
    const sql = "select 'é😀', nope";
    const position = String(Buffer.byteLength("select 'é😀', "));
    expect(faultOf(told('Binder', 'nope is not there\nDid you mean "now"?', { position }), sql)).toEqual({
      ...{ kind: 'invalid', message: 'nope is not there', offset: sql.indexOf('nope') },
    });
    const prefixed = new Error(
      `Failed to extract statements: ${told('Parser', 'no', { position: '3' }).message}`,
    );
    expect(faultOf(prefixed, 'select')).toMatchObject({ kind: 'invalid', offset: 3 });
  });

  it('tells a query at fault from an engine or a file at fault', () => {
    expect(faultOf(told('INTERRUPT', 'Interrupted!'), '')).toMatchObject({ kind: 'cancelled' });
    expect(faultOf(told('IO', 'could not read'), '')).toMatchObject({ kind: 'broken', isOfFile: true });
    expect(faultOf(told('INTERNAL', 'assertion'), '')).toMatchObject({ kind: 'broken', isOfFile: false });
    expect(faultOf(new Error('whatever'), '')).toMatchObject({ kind: 'broken', isOfFile: false });
    expect(faultOf(told('Out of Memory', 'failed'), '')).toMatchObject({ kind: 'invalid' });
    expect(faultOf(new Error('Permission Error: Cannot access file'), '')).toMatchObject({ kind: 'invalid' });
    expect(faultOf(told('Catalog', 'Table with name a.b does not exist!\nx'), '')).toMatchObject({
      ...{ kind: 'invalid', missingTable: 'a.b' },
    });
  });
});
