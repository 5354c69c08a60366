import { DatabaseSync } from 'node:sqlite';

/** As retention does, in the middle of the night: takes all messages of these topics out of the bus's file. */
export function dropMessages(file: string, topics: readonly string[]): void {
  const database = new DatabaseSync(file);
  for (const topic of topics) {
    const id = database.prepare('select id from topics where name = ?').get(topic)?.['id'];
    database.exec(`delete from messages_${id}`);
  }
  database.close();
}
