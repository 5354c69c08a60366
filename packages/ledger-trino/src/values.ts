import type { SqlValue } from '@genfleet/ledger';
import type { TypeSignature } from './connection.ts';

/** Digits that a double holds whatever they are. */
const EXACT_DIGITS = 15;
const MIN_DIGITS = 3;

interface Field {
  readonly name: string;
  readonly signature: TypeSignature;
}

function partsOf({ arguments: parts }: TypeSignature): TypeSignature[] {
  return parts.map(({ value }) => value as TypeSignature);
}

/** A row made without names gets the ones that show its places. */
function fieldsOf({ arguments: parts }: TypeSignature): Field[] {
  return parts.map(({ value }, index) => {
    const { fieldName, typeSignature } = value as {
      fieldName?: { name: string };
      typeSignature: TypeSignature;
    };
    return { name: fieldName?.name ?? `field${index}`, signature: typeSignature };
  });
}

/** The type without the lengths and precisions that literals give it; times have three digits or more. */
export function typeName(signature: TypeSignature): string {
  const { rawType } = signature;
  switch (rawType) {
    case 'row': {
      const fields = fieldsOf(signature).map((field) => `${field.name} ${typeName(field.signature)}`);
      return `row(${fields.join(', ')})`;
    }
    case 'array':
    case 'map':
      return `${rawType}(${partsOf(signature).map(typeName).join(', ')})`;
    case 'timestamp':
    case 'time':
      return `${rawType}(${MIN_DIGITS})`;
    case 'timestamp with time zone':
    case 'time with time zone':
      return rawType.replace(' ', `(${MIN_DIGITS}) `);
    case 'decimal': {
      const [precision, scale] = signature.arguments.map(({ value }) => value);
      return `decimal(${precision},${scale})`;
    }
    default:
      return rawType;
  }
}

export type Converter = (value: unknown) => SqlValue;

const asIs: Converter = (value) => value as SqlValue;

/** Makes what the port promises of what Trino sends. */
export function converterOf(signature: TypeSignature): Converter {
  const convert = converterOfPresent(signature);
  return (value) => (value === null || value === undefined ? null : convert(value));
}

function converterOfPresent(signature: TypeSignature): Converter {
  switch (signature.rawType) {
    case 'row': {
      const fields = fieldsOf(signature).map((field) => ({
        name: field.name,
        of: converterOf(field.signature),
      }));
      return (value) =>
        Object.fromEntries(fields.map(({ name, of }, index) => [name, of((value as unknown[])[index])]));
    }
    case 'array': {
      const [item] = partsOf(signature).map(converterOf);
      return (value) => (value as unknown[]).map(item ?? asIs);
    }
    case 'map': {
      const [, item = asIs] = partsOf(signature).map(converterOf);
      return (value) =>
        Object.fromEntries(Object.entries(value as object).map(([key, entry]) => [key, item(entry)]));
    }
    case 'timestamp':
      return (value) => isoTime(String(value));
    case 'timestamp with time zone':
      return (value) => zonedTime(String(value));
    case 'decimal':
      return (value) => exactDecimal(String(value));
    default:
      return asIs;
  }
}

function exactDecimal(text: string): number | string {
  return text.replace(/\D/g, '').length <= EXACT_DIGITS ? Number(text) : text;
}

/** `2026-03-01 12:00:00.5` becomes `2026-03-01T12:00:00.500`; digits beyond three only where there are some. */
function isoTime(text: string): string {
  const [whole = '', digits = ''] = text.replace(' ', 'T').split('.');
  return `${whole}.${digits.replace(/0+$/, '').padEnd(MIN_DIGITS, '0')}`;
}

/** Trino writes the zone behind the time there: `2026-03-01 13:00:00.000 Europe/Berlin`. */
function zonedTime(text: string): string {
  const [, local = '', zone = 'UTC'] = /^(\S+ \S+) (.+)$/.exec(text) ?? [];
  const iso = isoTime(local);
  if (zone === 'UTC') return `${iso}Z`;
  const [whole = '', digits = ''] = iso.split('.');
  const localMs = Date.parse(`${whole}Z`);
  // of the two hours that a clock shows twice a year, Trino's own text does not tell which
  const ms = localMs - offsetMs(zone, localMs - offsetMs(zone, localMs));
  return `${new Date(ms).toISOString().slice(0, -5)}.${digits}Z`;
}

/** How far the zone's clocks are ahead of UTC at that moment. */
function offsetMs(zone: string, atMs: number): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)$/.exec(zone) ?? [];
  if (sign) return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  const shown = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
    .formatToParts(atMs)
    .find(({ type }) => type === 'timeZoneName')?.value;
  const [, ahead = '+', h = '0', m = '0'] = /^GMT(?:([+-])(\d\d):(\d\d))?/.exec(shown ?? '') ?? [];
  return (ahead === '-' ? -1 : 1) * (Number(h) * 60 + Number(m)) * 60_000;
}
