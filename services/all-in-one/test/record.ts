import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openBus } from '@genfleet/adapters';
import { readConfig } from '@genfleet/config';
import {
  type CompletedEvent,
  decodeEvent,
  type EventType,
  encodeEvent,
  type JobEvent,
  type Kind,
  topicOf,
} from '@genfleet/job';

/** The embedded bus's record in a data folder, read and changed behind everybody's back. */

/** The table of a topic in the bus's file. */
export function withTable<T>(
  directory: string,
  [kind, type]: readonly [Kind, EventType],
  use: (database: DatabaseSync, table: string) => T,
): T {
  const database = new DatabaseSync(join(directory, 'fleet.db'));
  try {
    const { name } = topicOf(type, kind);
    const row = database.prepare('select id from topics where name = ?').get(name);
    return use(database, `messages_${row?.['id']}`);
  } finally {
    database.close();
  }
}

/** How many messages of the type stand in the file. */
export function countMessages(directory: string, kind: Kind, type: EventType): number {
  return withTable(directory, [kind, type], (database, table) =>
    Number(database.prepare(`select count(*) as n from ${table}`).get()?.['n']),
  );
}

/** Changes the first message of a job on the topic, or takes it away. */
export function changeMessage(
  directory: string,
  type: EventType,
  id: string,
  edit: (value: string) => string | undefined,
) {
  withTable(directory, ['txt2img', type], (database, table) => {
    const row = database.prepare(`select seq, value from ${table} where key = ? order by seq`).get(id);
    const value = edit(String(row?.['value']));
    const seq = Number(row?.['seq']);
    if (value === undefined) database.prepare(`delete from ${table} where seq = ?`).run(seq);
    else database.prepare(`update ${table} set value = ? where seq = ?`).run(value, seq);
  });
}

/** Adds one to the record, as anybody could who reaches the bus. */
export async function publishEvent(directory: string, event: JobEvent): Promise<void> {
  const bus = await openBus(readConfig({ DATA_DIR: directory }));
  try {
    const producer = await bus.producer(topicOf(event.type, event.kind));
    await producer.send({ key: event.id, value: encodeEvent(event) });
  } finally {
    await bus.close();
  }
}

/** The completions of images, oldest first. */
export function completedImages(directory: string): CompletedEvent[] {
  return withTable(directory, ['txt2img', 'completed'], (database, table) =>
    database
      .prepare(`select value from ${table} order by seq`)
      .all()
      .map(({ value }) => decodeEvent(String(value)) as CompletedEvent),
  );
}
