import {
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListType,
  DuckDBListValue,
  DuckDBMapType,
  DuckDBMapValue,
  DuckDBStructType,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { SqlValue } from '@genfleet/ledger';

const MICROS_PER_MS = 1_000n;
/** Digits that a double holds whatever they are. */
const EXACT_DIGITS = 15;

/** Names of Trino's for types that DuckDB calls otherwise; whole numbers wider than its widest are `bigint` too. */
const NAMES: Readonly<Record<string, string>> = {
  HUGEINT: 'bigint',
  UBIGINT: 'bigint',
  UINTEGER: 'bigint',
  USMALLINT: 'integer',
  UTINYINT: 'smallint',
  FLOAT: 'real',
  TIMESTAMP: 'timestamp(3)',
  TIMESTAMP_MS: 'timestamp(3)',
  TIMESTAMP_S: 'timestamp(3)',
  'TIMESTAMP WITH TIME ZONE': 'timestamp(3) with time zone',
  TIME: 'time(3)',
  BLOB: 'varbinary',
  SQLNULL: 'unknown',
  NULL: 'unknown',
};

/** The type as Trino writes it. */
export function typeName(type: DuckDBType): string {
  if (type instanceof DuckDBListType) return `array(${typeName(type.valueType)})`;
  if (type instanceof DuckDBMapType) return `map(${typeName(type.keyType)}, ${typeName(type.valueType)})`;
  if (type instanceof DuckDBStructType) {
    const fields = type.entryNames.map((name, index) => {
      const field = type.entryTypes[index];
      return `${name} ${field ? typeName(field) : 'unknown'}`;
    });
    return `row(${fields.join(', ')})`;
  }
  const name = type.toString();
  return NAMES[name] ?? name.toLowerCase();
}

/** Counts about how much it has handed out, so that an answer stays bounded. */
export class Values {
  bytes = 0;

  of(value: DuckDBValue): SqlValue {
    this.bytes += 8;
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value === 'string') {
      this.bytes += value.length;
      return value;
    }
    if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
    if (typeof value === 'bigint') return exactNumber(value);
    if (value instanceof DuckDBListValue) return value.items.map((item) => this.of(item));
    if (value instanceof DuckDBStructValue) {
      return Object.fromEntries(Object.entries(value.entries).map(([name, entry]) => [name, this.of(entry)]));
    }
    if (value instanceof DuckDBMapValue) {
      return Object.fromEntries(value.entries.map((entry) => [String(entry.key), this.of(entry.value)]));
    }
    if (value instanceof DuckDBTimestampTZValue) return `${isoTime(value.micros)}Z`;
    if (value instanceof DuckDBTimestampValue) return isoTime(value.micros);
    if (value instanceof DuckDBDateValue) return value.toString();
    if (value instanceof DuckDBDecimalValue) return exactDecimal(value.toString());
    return String(value);
  }
}

function exactNumber(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function exactDecimal(text: string): number | string {
  return text.replace(/\D/g, '').length <= EXACT_DIGITS ? Number(text) : text;
}

/** `2026-03-01T12:00:00.000`, further digits only where there are some. */
function isoTime(micros: bigint): string {
  const rest = ((micros % MICROS_PER_MS) + MICROS_PER_MS) % MICROS_PER_MS;
  const ms = Number((micros - rest) / MICROS_PER_MS);
  const text = Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString().slice(0, -1) : String(ms);
  return rest === 0n ? text : `${text}${rest.toString().padStart(3, '0')}`;
}
