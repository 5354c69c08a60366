import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { TypeSignature } from './connection.ts';
import { parseExactly } from './parse-exactly.ts';
import { converterOf, typeName } from './values.ts';

const type = (rawType: string, ...args: TypeSignature['arguments'][number][]): TypeSignature => ({
  rawType,
  arguments: args,
});
const long = (value: number) => ({ kind: 'LONG', value });
const ofType = (value: TypeSignature) => ({ kind: 'TYPE', value });
const field = (typeSignature: TypeSignature, name?: string) => ({
  kind: 'NAMED_TYPE',
  value: { typeSignature, ...(name === undefined ? {} : { fieldName: { name } }) },
});
const zoned = type('timestamp with time zone', long(3));

describe('values', () => {
  it.each([
    [type('varchar', long(5)), 'varchar', 'abc', 'abc'],
    [type('bigint'), 'bigint', 7, 7],
    [type('double'), 'double', 'NaN', 'NaN'],
    [type('decimal', long(3), long(2)), 'decimal(3,2)', '1.50', 1.5],
    [type('decimal', long(19), long(1)), 'decimal(19,1)', '123456789012345678.5', '123456789012345678.5'],
    [type('timestamp', long(0)), 'timestamp(3)', '2026-03-01 12:00:00', '2026-03-01T12:00:00.000'],
    [type('timestamp', long(6)), 'timestamp(3)', '2026-03-01 12:00:00.123400', '2026-03-01T12:00:00.1234'],
    [zoned, 'timestamp(3) with time zone', '2026-03-01 12:00:00.5 UTC', '2026-03-01T12:00:00.500Z'],
    [
      zoned,
      'timestamp(3) with time zone',
      '2026-07-01 12:00:00.000 Europe/Berlin',
      '2026-07-01T10:00:00.000Z',
    ],
    [zoned, 'timestamp(3) with time zone', '2026-03-01 12:00:00.000 -03:30', '2026-03-01T15:30:00.000Z'],
    [type('date'), 'date', '2026-03-01', '2026-03-01'],
    [type('boolean'), 'boolean', null, null],
    [
      type('array', ofType(type('timestamp', long(3)))),
      'array(timestamp(3))',
      [null, '2026-03-01 12:00:00.000'],
      [null, '2026-03-01T12:00:00.000'],
    ],
    [
      type('map', ofType(type('varchar')), ofType(type('decimal', long(2), long(1)))),
      'map(varchar, decimal(2,1))',
      { a: '1.5' },
      { a: 1.5 },
    ],
    [
      type('row', field(type('bigint'), 'n'), field(type('varchar', long(2147483647)))),
      'row(n bigint, field1 varchar)',
      [1, 'x'],
      { n: 1, field1: 'x' },
    ],
  ])('%j', (signature, name, sent, value) => {
    expect(typeName(signature)).toBe(name);
    expect(converterOf(signature)(sent)).toEqual(value);
  });

  it('knows the hours at which clocks are changed', () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'UTC'];
    const time = fc.integer({ min: Date.UTC(2020, 0) / 1_000, max: Date.UTC(2030, 0) / 1_000 });
    const convert = converterOf(zoned);
    fc.assert(
      fc.property(fc.constantFrom(...zones), time, (zone, seconds) => {
        const local = localTime(zone, seconds * 1_000);
        const found = Date.parse(String(convert(`${local} ${zone}`)));
        // it is a time that these clocks show so, the very one but for the hour that they show twice
        expect(localTime(zone, found)).toBe(local);
      }),
    );
  });
});

const localTime = (timeZone: string, ms: number) => new Date(ms).toLocaleString('sv-SE', { timeZone });

describe('parseExactly', () => {
  it('keeps every digit of a whole number', () => {
    // Trino writes a double that is a whole number with its exponent
    const reals = fc.double().filter((real) => !Number.isInteger(real));
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.string(),
        reals,
        (whole, text, real) => {
          const parsed = parseExactly(
            `{"a":[${whole}],"b":${JSON.stringify(text + whole)},"c":${JSON.stringify(real)}}`,
          );
          const isSafe = Number.isSafeInteger(Number(whole));
          expect(parsed).toEqual({
            a: [isSafe ? Number(whole) : whole.toString()],
            b: text + whole,
            c: JSON.parse(JSON.stringify(real)),
          });
        },
      ),
    );
  });
});
