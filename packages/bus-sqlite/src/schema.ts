/** Version of the tables below, in `PRAGMA user_version`. */
export const SCHEMA_VERSION = 1;

/** "GenF": tells our files from those of other programs, see https://sqlite.org/fileformat2.html#application_id */
export const APPLICATION_ID = 0x47656e46;

/**
 * Each topic has a table of its own (`messageTable`), so that every publish appends to the end of a tree. A
 * subscription is a cursor into it; `pending` holds what lies behind the cursor and is not acknowledged: handed
 * out (`owner`) or waiting for its time (`due_ms`, 0 for at once). So publishing costs nothing per subscription,
 * and handing out is a step in an index whatever the backlog, which is counted by `published` and `passed`.
 */
export const SCHEMA = `
create table topics (
  id integer primary key,
  name text not null unique,
  retention_ms real,
  last_seq integer not null default 0,
  last_time_ms integer not null default 0,
  published integer not null default 0
);
create table subscriptions (
  id integer primary key,
  topic integer not null references topics(id),
  name text not null,
  cursor_seq integer not null,
  passed integer not null,
  unique (topic, name)
);
create table pending (
  subscription integer not null,
  seq integer not null,
  due_ms integer not null,
  owner integer,
  primary key (subscription, seq)
) without rowid;
create index pending_in_line on pending(subscription, due_ms, seq) where owner is null;
create index pending_by_owner on pending(owner) where owner is not null;
create table owners (
  id integer primary key autoincrement,
  host text not null,
  pid integer not null,
  born text not null,
  beat integer not null default 0
);
`;

export function messageTable(topicId: number): string {
  return `messages_${topicId}`;
}

/** `seq` grows over all topics together, so it tells the order of messages of different topics as well. */
export function createMessageTable(topicId: number): string {
  return `create table if not exists ${messageTable(topicId)} (
    seq integer primary key,
    key text not null,
    value text not null,
    properties text,
    time_ms integer not null,
    due_ms integer not null
  )`;
}
