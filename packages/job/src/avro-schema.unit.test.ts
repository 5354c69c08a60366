import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyEventOf } from '../test/arbitrary-events.test.ts';
import { AVRO_SCHEMA_VERSION, type AvroType, avroSchemaOf } from './avro-schema.ts';
import { EVENT_TYPES, KINDS } from './topic.ts';

const all = KINDS.flatMap((kind) => EVENT_TYPES.map((type) => ({ type, kind })));

/** What of a value the schema does not describe, by its path; what is absent is never wrong. */
function misfits(value: unknown, schema: AvroType, path: string): string[] {
  if (schema === 'string') {
    // token ids in place of a text
    return typeof value === 'string' || (path.includes('.prompts.') && Array.isArray(value)) ? [] : [path];
  }
  if (schema === 'long') return Number.isSafeInteger(value) ? [] : [path];
  if (schema === 'double') return typeof value === 'number' ? [] : [path];
  if (schema === 'boolean') return typeof value === 'boolean' ? [] : [path];
  if (schema.type === 'array') {
    return Array.isArray(value)
      ? value.flatMap((item, n) => misfits(item, schema.items, `${path}.${n}`))
      : [path];
  }
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([name, part]) => {
    if (schema.type === 'map') return misfits(part, schema.values, `${path}.${name}`);
    const field = schema.fields.find((each) => each.name === name);
    return field ? misfits(part, field.type[1], `${path}.${name}`) : [`${path}.${name} has no column`];
  });
}

function namesOf(schema: AvroType): string[] {
  if (typeof schema === 'string') return [];
  if (schema.type === 'array') return namesOf(schema.items);
  if (schema.type === 'map') return namesOf(schema.values);
  return [schema.name, ...schema.fields.flatMap(({ type: [, type] }) => namesOf(type))];
}

describe('the Avro schemas of the events', () => {
  it.each(KINDS)('describe every field of every event of %s', (kind) => {
    fc.assert(
      fc.property(anyEventOf(kind), (event) => {
        const schema = avroSchemaOf(event.type, kind);
        expect(misfits(JSON.parse(JSON.stringify(event)), schema, event.type)).toEqual([]);
      }),
    );
  });

  it('say what is a number, a row, a map and an array of rows', () => {
    const type = (name: string) =>
      avroSchemaOf('requested', 'txt2img').fields.find((field) => field.name === name)?.type[1];
    expect(type('id')).toBe('string');
    expect(type('attempt')).toBe('long');
    expect(type('metadata')).toEqual({ type: 'map', values: 'string' });
    expect(type('settings')).toMatchObject({ type: 'record', name: 'requested_txt2img_settings' });
    expect(type('failures')).toMatchObject({ type: 'array', items: { type: 'record' } });
  });

  it.each(all)('are valid Avro ($type, $kind)', ({ type, kind }) => {
    const schema = avroSchemaOf(type, kind);
    const names = namesOf(schema);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z_]\w*$/);
    for (const field of schema.fields)
      expect(field).toMatchObject({ type: ['null', field.type[1]], default: null });
  });

  it('have a new version whenever one of them changes', () => {
    const text = JSON.stringify(all.map(({ type, kind }) => avroSchemaOf(type, kind)));
    const sha256 = createHash('sha256').update(text).digest('hex').slice(0, 16);
    expect({ version: AVRO_SCHEMA_VERSION, sha256 }).toEqual({ version: 2, sha256: 'f410170b811ddee9' });
  });
});
