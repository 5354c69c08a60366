import { avroSchemaOf, type EventType, KINDS, type Kind, type Topic, topicsOf } from '@genfleet/job';
import { type SqlField, sqlTypeOf } from './sql-type.ts';

/** The catalog of every engine: that of Pulsar's connector, however the topics are kept. */
export const CATALOG = 'pulsar';

const DEFAULT_SCHEMA = 'public/default';
const IN_ADDRESS = /^pulsar(?:\+\w+)?:\/\/[^/?#]+\/([^/?#]+\/[^/?#]+)/;

/** The schema of a bus's tables, `<tenant>/<namespace>`; quote it in SQL. Pulsar's own default where a URL names none. */
export function schemaNameOf(busUrl: string): string {
  return IN_ADDRESS.exec(busUrl)?.[1] ?? DEFAULT_SCHEMA;
}

export interface LedgerTable {
  /** That of its topic. */
  readonly name: string;
  readonly topic: Topic;
  readonly event: EventType;
  readonly kind: Kind;
  /** Fields of the event, without `MESSAGE_COLUMNS`. */
  readonly columns: readonly SqlField[];
}

/**
 * What every table has beside the fields of its events, behind them and in this order, as the connector names and types
 * them (`PulsarInternalColumn`). Times are in UTC.
 *
 * - `__event_time__`: when it was published, as the bus's readers are told; what the view orders by.
 * - `__publish_time__`: the same by the broker's clock, which may differ by the time the message was on its way. The
 *   one by which Trino leaves out what is older: bound it from below, never from above (docs/ledger.md).
 * - `__message_id__` sorts in the order of the topic on the laptop and not on Trino, `__partition__` is −1 for topics
 *   without partitions, `__producer_name__` and `__sequence_id__` are null where a bus has none.
 */
export const MESSAGE_COLUMNS: readonly SqlField[] = [
  { name: '__partition__', type: 'integer' },
  { name: '__event_time__', type: 'timestamp(3)' },
  { name: '__publish_time__', type: 'timestamp(3)' },
  { name: '__message_id__', type: 'varchar' },
  { name: '__sequence_id__', type: 'bigint' },
  { name: '__producer_name__', type: 'varchar' },
  { name: '__key__', type: 'varchar' },
  { name: '__properties__', type: 'varchar' },
];

let tables: readonly LedgerTable[] | undefined;

/** One table for each durable topic of each kind, with columns derived from the events' schemas. */
export function ledgerTables(): readonly LedgerTable[] {
  tables ??= KINDS.flatMap((kind) =>
    topicsOf(kind).map(({ type: event, topic }) => {
      const columns = avroSchemaOf(event, kind).fields.map(({ name, type: [, type] }) => ({
        name,
        type: sqlTypeOf(type),
      }));
      return { name: topic.name, topic, event, kind, columns };
    }),
  );
  return tables;
}
