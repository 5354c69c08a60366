import { decodeEvent, GenfleetError, type JobEvent, type Kind, type LedgerOrder } from '@genfleet/job';
import { publishedFor, textLiteral } from './literals.ts';
import { busMessageId } from './message-id.ts';
import type { QueryResult, SqlValue } from './sql-ledger.ts';
import type { SqlField } from './sql-type.ts';
import { type LedgerTable, ledgerTables } from './tables.ts';

/** An event and where it stands. */
export interface PlacedEvent {
  readonly event: JobEvent;
  readonly order: LedgerOrder;
  readonly topic: string;
}

const TOPIC = '__topic__';
const KEYS = '__keys__';

/** Every event of these jobs of one kind, published since the time of the oldest of them (Unix ms). */
export function jobEventsSql(kind: Kind, ids: readonly string[], sinceMs: number): string {
  const tables = ledgerTables().filter((table) => table.kind === kind);
  const columns = new Map(tables.flatMap((table) => table.columns.map((column) => [column.name, column])));
  const where = `id in (${ids.map(textLiteral).join(', ')}) and ${publishedFor(sinceMs)}`;
  const parts = tables.map((table) => {
    const fields = [...columns.values()].flatMap((column) => columnsOf(table, column));
    return `select ${textLiteral(table.name)} as ${TOPIC}, __event_time__, __message_id__, ${fields.join(', ')}
from ${table.name}
where ${where}`;
  });
  return parts.join('\nunion all\n');
}

/** A map as two arrays, since not every engine hands it out in its order. */
function columnsOf(table: LedgerTable, { name, type }: SqlField): string[] {
  const hasIt = table.columns.some((column) => column.name === name);
  const column = `"${name}"`;
  if (typeof type === 'string' || !('map' in type)) return [`${hasIt ? column : 'null'} as ${column}`];
  const part = (of: string) => (hasIt ? `map_${of}(${column})` : 'null');
  return [`${part('keys')} as "${name}${KEYS}"`, `${part('values')} as ${column}`];
}

/** The events that a result of `jobEventsSql` holds; what is no event is left out, as the view does. */
export function eventsIn({ columns, rows }: QueryResult): PlacedEvent[] {
  return rows.flatMap((row) => {
    const fields = new Map(columns.map(({ name }, index) => [name, row[index] ?? null]));
    const event = eventOf(fields);
    if (!event) return [];
    const timeMs = Date.parse(`${String(fields.get('__event_time__'))}Z`);
    const messageId = busMessageId(String(fields.get('__message_id__')));
    return [{ event, order: { timeMs, type: event.type, messageId }, topic: String(fields.get(TOPIC)) }];
  });
}

function eventOf(fields: ReadonlyMap<string, SqlValue>): JobEvent | undefined {
  const found: Record<string, SqlValue> = {};
  for (const [name, value] of fields) {
    if (name.startsWith('__') || name.endsWith(KEYS) || value === null) continue;
    const keys = fields.get(name + KEYS);
    const entries =
      Array.isArray(keys) && Array.isArray(value) ? keys.map((key, i) => [key, value[i]]) : undefined;
    found[name] = entries ? Object.fromEntries(entries) : withoutNulls(value);
  }
  try {
    return decodeEvent(JSON.stringify(found));
  } catch (error) {
    if (error instanceof GenfleetError && error.code === 'invalid_message') return undefined;
    throw error;
  }
}

/** A row has all of its fields: what a message left out is null in it. */
function withoutNulls(value: SqlValue): SqlValue {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const present = Object.entries(value).filter(([, entry]) => entry !== null);
  return Object.fromEntries(present.map(([name, entry]) => [name, withoutNulls(entry)]));
}
