/** Version of the tables below, in `PRAGMA user_version`. */
export const SCHEMA_VERSION = 1;

export const SCHEMA = `
create table topics (id integer primary key, name text not null unique, retention_ms integer);
create table messages (
  seq integer primary key autoincrement,
  topic integer not null references topics(id),
  key text not null,
  value text not null,
  properties text,
  time_ms integer not null,
  due_ms integer not null
);
create index messages_by_topic on messages(topic, seq);
create table subscriptions (id integer primary key, topic integer not null, name text not null, unique (topic, name));
create table owners (id text primary key, pid integer not null, beat_ms integer not null) without rowid;
create table pending (
  subscription integer not null,
  seq integer not null,
  due_ms integer not null,
  owner text,
  primary key (subscription, seq)
) without rowid;
create index pending_in_line on pending(subscription, due_ms, seq) where owner is null;
create index pending_by_owner on pending(owner) where owner is not null;
`;
