import { z } from 'zod';
import { cancelledSchema, completedSchema, deadSchema, requestedSchema, startedSchema } from './event.ts';
import type { EventType, Kind } from './topic.ts';

/** Raised whenever a schema below changes: with an event schema, or with the way it is written in Avro. */
export const AVRO_SCHEMA_VERSION = 2;

export type AvroType = 'string' | 'long' | 'double' | 'boolean' | AvroRecord | AvroArray | AvroMap;

export interface AvroArray {
  readonly type: 'array';
  readonly items: AvroType;
}

export interface AvroMap {
  readonly type: 'map';
  readonly values: AvroType;
}

/** Every field may be absent, so that a schema with more fields reads what was written before them. */
export interface AvroField {
  readonly name: string;
  readonly type: readonly ['null', AvroType];
  readonly default: null;
}

export interface AvroRecord {
  readonly type: 'record';
  readonly name: string;
  readonly namespace?: string;
  readonly fields: readonly AvroField[];
}

/** The parts of JSON Schema (2020-12) that zod writes for the events. */
interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

const EVENTS = {
  requested: requestedSchema,
  started: startedSchema,
  completed: completedSchema,
  dead: deadSchema,
  cancelled: cancelledSchema,
} satisfies Record<EventType, z.ZodType>;

/**
 * The JSON of the events of one topic, in the syntax of Avro (https://avro.apache.org/docs/1.12.0/specification/), as
 * Pulsar's schema registry wants it and SQL engines make columns of it. Derived from the schema that the events are
 * checked with. Avro has no unions that SQL could use: a prompt, which is text or token ids, is a string, and an
 * engine shows the ids as the JSON they are.
 */
export function avroSchemaOf(type: EventType, kind: Kind): AvroRecord {
  const schema = z.toJSONSchema(eventSchema(type, kind), { io: 'output', unrepresentable: 'throw' });
  const name = `${type}_${kind}`;
  return { ...recordOf(schema as JsonSchema, name), namespace: `genfleet.v${AVRO_SCHEMA_VERSION}` };
}

function eventSchema(type: EventType, kind: Kind): z.ZodType {
  const schema = EVENTS[type];
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const ofKind = schema.options.find((option) => option.shape.kind.value === kind);
  if (!ofKind) throw new TypeError(`there is no ${type} event of ${kind}`);
  return ofKind;
}

/** Names of records are those of the path to them: Avro wants each once. */
function recordOf({ properties = {} }: JsonSchema, name: string): AvroRecord {
  const fields = Object.entries(properties).map(([field, schema]): AvroField => {
    return { name: field, type: ['null', typeOf(schema, `${name}_${field}`)], default: null };
  });
  return { type: 'record', name, fields };
}

function typeOf(schema: JsonSchema, name: string): AvroType {
  const { type, items, additionalProperties } = schema;
  if (schema.anyOf?.some((option) => option.type === 'string')) return 'string';
  switch (type) {
    case 'string':
    case 'boolean':
      return type;
    case 'integer':
      return 'long';
    case 'number':
      return Number.isInteger(schema.const) ? 'long' : 'double';
    case 'array':
      if (items) return { type: 'array', items: typeOf(items, name) };
      break;
    case 'object':
      if (schema.properties) return recordOf(schema, name);
      if (typeof additionalProperties === 'object')
        return { type: 'map', values: typeOf(additionalProperties, name) };
  }
  throw new TypeError(`${name}: a column cannot hold ${JSON.stringify(schema)}`);
}
