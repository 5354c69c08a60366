import type { AvroType } from '@genfleet/job';

/** Types of the columns, by the names Trino has for them. */
export type SqlType =
  | 'varchar'
  | 'integer'
  | 'bigint'
  | 'double'
  | 'boolean'
  | 'timestamp(3)'
  | { readonly array: SqlType }
  | { readonly map: SqlType }
  | { readonly row: readonly SqlField[] };

export interface SqlField {
  readonly name: string;
  readonly type: SqlType;
}

const SCALARS = { string: 'varchar', long: 'bigint', double: 'double', boolean: 'boolean' } as const;

/** What Pulsar's connector for Trino (3.1.3, `PulsarJsonRowDecoderFactory`) makes of a schema. Keys of maps are text. */
export function sqlTypeOf(avro: AvroType): SqlType {
  if (typeof avro === 'string') return SCALARS[avro];
  if (avro.type === 'array') return { array: sqlTypeOf(avro.items) };
  if (avro.type === 'map') return { map: sqlTypeOf(avro.values) };
  return { row: avro.fields.map(({ name, type: [, type] }) => ({ name, type: sqlTypeOf(type) })) };
}

/** As Trino writes it: `row(code varchar, message varchar)`. */
export function typeText(type: SqlType): string {
  if (typeof type === 'string') return type;
  if ('array' in type) return `array(${typeText(type.array)})`;
  if ('map' in type) return `map(varchar, ${typeText(type.map)})`;
  return `row(${type.row.map((field) => `${field.name} ${typeText(field.type)}`).join(', ')})`;
}
