import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, version } from '@duckdb/node-api';
import { createTable, entryOf, literal, quoted } from '@genfleet/duckdb-tables';
import { CATALOG, type LedgerTable, ledgerTables, MESSAGE_COLUMNS } from '@genfleet/ledger';
import { attachCache, OWN_SCHEMA } from './cache-file.ts';
import { insertMessages, MEMORY_SCHEMA, schemaPath } from './ddl.ts';
import { DIALECT_MACROS, DIALECT_SETTINGS } from './dialect.ts';
import type { Cursors, FlatMessages, MessageRange, OpenMessage } from './protocol.ts';

/** Raised when what is in the file changes in a way that its tables do not show. */
const CACHE_VERSION = 1;
const MAX_THREADS = 4;
/** What a query may put on the disk when it does not fit into memory. */
const MAX_SPILL = '4GiB';
/** Log that is written before it goes into the file: a quarter less work than at the usual 16 MiB while a file is built. */
const CHECKPOINT_AFTER = '128MiB';

/** The ledger's rows in DuckDB: filled in order, each topic as far as its cursor says. */
export class Cache {
  readonly instance: DuckDBInstance;
  /** Where names are looked up. */
  readonly searchPath: string;
  readonly rebuilt: string | undefined;
  readonly #connection: DuckDBConnection;
  readonly #schema: string;
  readonly #tables: ReadonlyMap<string, LedgerTable>;
  readonly #transient: ReadonlySet<string>;

  private constructor(parts: {
    instance: DuckDBInstance;
    connection: DuckDBConnection;
    options: OpenMessage;
    rebuilt: string | undefined;
  }) {
    const { instance, connection, options, rebuilt } = parts;
    this.instance = instance;
    this.#connection = connection;
    this.rebuilt = rebuilt;
    this.#schema = schemaPath(options.schemaName);
    this.searchPath = `${this.#schema},memory.main`;
    this.#tables = new Map(ledgerTables().map((table) => [table.name, table]));
    this.#transient = new Set(options.transient);
  }

  /** @throws Error when no file can be made there. */
  static async open(options: OpenMessage): Promise<Cache> {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: `${options.memoryMib}MiB`,
      threads: String(Math.min(MAX_THREADS, availableParallelism())),
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      max_temp_directory_size: MAX_SPILL,
      checkpoint_threshold: CHECKPOINT_AFTER,
    });
    const connection = await instance.connect();
    const fingerprint = fingerprintOf(options);
    const { file, rebuilt } = await attachCache(connection, { ...options, fingerprint });
    const spill = file === undefined ? join(tmpdir(), `genfleet-ledger-${process.pid}`) : `${file}.tmp`;
    // a process that was killed has left its own there; the file is ours alone now
    rmSync(spill, { recursive: true, force: true });
    await connection.run(`set global temp_directory = ${literal(spill)}`);
    const cache = new Cache({ instance, connection, options, rebuilt });
    if (rebuilt !== undefined) await cache.#create(fingerprint);
    await cache.#createTransient();
    for (const macro of DIALECT_MACROS) await connection.run(`create macro memory.main.${macro}`);
    for (const setting of DIALECT_SETTINGS) await connection.run(setting);
    // from here on nothing but the attached file and what is to be loaded can be reached, and nobody can change that
    for (const setting of [
      ...(options.loadFrom === undefined
        ? []
        : [`set global allowed_directories = [${literal(options.loadFrom)}]`]),
      'set global errors_as_json = true',
      'set global enable_external_access = false',
      'set global lock_configuration = true',
    ]) {
      await connection.run(setting);
    }
    return cache;
  }

  async cursors(): Promise<Cursors> {
    const reader = await this.#connection.runAndReadAll(`select topic, message_id from ${OWN_SCHEMA}.cursor`);
    return Object.fromEntries(reader.getRows().map(([topic, id]) => [String(topic), String(id)]));
  }

  /** All of them or, when the process dies, none. */
  async insert(table: string, messages: FlatMessages): Promise<void> {
    const last = messages.messageIds.at(-1);
    if (last === undefined) return;
    await this.#transact(async () => {
      const sql = insertMessages(this.#place(table), this.#table(table));
      const statement = await this.#connection.prepare(sql);
      try {
        statement.bindVarchar(
          1,
          jsonOf(messages, (value) => value),
        );
        await statement.run();
      } catch (error) {
        if (!/Malformed JSON/.test(String(error))) throw error;
        await this.#connection.run('rollback');
        await this.#connection.run('begin');
        statement.bindVarchar(1, jsonOf(messages, readable));
        await statement.run();
      } finally {
        statement.destroySync();
      }
      if (!this.#transient.has(table)) await this.#saveCursor(table, last);
    });
  }

  /** Rows of a Parquet file that an archive was given; all or none. What it does not have yet is null. */
  async load(table: string, file: string, range: MessageRange): Promise<void> {
    const names = [...this.#table(table).columns, ...MESSAGE_COLUMNS].map(({ name }) => literal(name));
    const known = `columns(c -> c in (${names.join(', ')}))`;
    const rows = `select ${known} from read_parquet(${literal(file)})${within(range)}`;
    await this.#transact(async () => {
      const place = `${this.#place(table)}.${quoted(table)}`;
      await this.#connection.run(`insert into ${place} by name ${rows}`);
      if (this.#transient.has(table)) return;
      const last = `select max(__message_id__) from read_parquet(${literal(file)})${within(range)}`;
      const reader = await this.#connection.runAndReadAll(last);
      const [[messageId] = []] = reader.getRows();
      if (messageId !== null) await this.#saveCursor(table, String(messageId));
    });
  }

  /** @returns false when the topic's first message is another one than here, or is not here at all. */
  async align(
    table: string,
    { messageId, timeMs }: { messageId: string; timeMs: number },
    keepFrom: string,
  ): Promise<boolean> {
    const reader = await this.#connection.runAndReadAll(
      `select count(*) from ${this.#place(table)}.${quoted(table)}
       where __message_id__ = ${literal(messageId)} and epoch_ms(__event_time__) = ${timeMs}`,
    );
    if (Number(reader.getRows()[0]?.[0]) === 0) return false;
    await this.forget(table, { after: undefined, before: keepFrom });
    return true;
  }

  async forget(table: string, range: MessageRange): Promise<void> {
    await this.#connection.run(`delete from ${this.#place(table)}.${quoted(table)}${within(range)}`);
  }

  /** Forgets everything. */
  async reset(): Promise<void> {
    for (const table of this.#tables.keys()) {
      await this.#connection.run(`delete from ${this.#place(table)}.${quoted(table)}`);
    }
    await this.#connection.run(`delete from ${OWN_SCHEMA}.cursor`);
  }

  close(): void {
    this.#connection.closeSync();
    this.instance.closeSync();
  }

  #place(table: string): string {
    return this.#transient.has(table) ? MEMORY_SCHEMA : this.#schema;
  }

  #table(name: string): LedgerTable {
    const table = this.#tables.get(name);
    if (!table) throw new TypeError(`there is no table ${name}`);
    return table;
  }

  async #create(fingerprint: string): Promise<void> {
    await this.#transact(async () => {
      await this.#connection.run(`create schema ${this.#schema}`);
      await this.#connection.run(`create schema ${OWN_SCHEMA}`);
      await this.#connection.run(`create table ${OWN_SCHEMA}.cursor (topic varchar, message_id varchar)`);
      await this.#connection.run(
        `create table ${OWN_SCHEMA}.made as select ${literal(fingerprint)} as fingerprint`,
      );
      for (const [name, table] of this.#tables) {
        if (!this.#transient.has(name)) await this.#connection.run(createTable(this.#schema, table));
      }
    });
  }

  /** Prompts are not written to a file that outlives their retention. */
  async #createTransient(): Promise<void> {
    await this.#connection.run(`create schema ${MEMORY_SCHEMA}`);
    for (const name of this.#transient) {
      const [view, rows] = [this.#schema, MEMORY_SCHEMA].map((place) => `${place}.${quoted(name)}`);
      await this.#connection.run(createTable(MEMORY_SCHEMA, this.#table(name)));
      await this.#connection.run(`create or replace view ${view} as select * from ${rows}`);
    }
  }

  async #saveCursor(table: string, messageId: string): Promise<void> {
    await this.#connection.run(`delete from ${OWN_SCHEMA}.cursor where topic = ${literal(table)}`);
    const row = `${literal(table)}, ${literal(messageId)}`;
    await this.#connection.run(`insert into ${OWN_SCHEMA}.cursor values (${row})`);
  }

  async #transact(work: () => Promise<void>): Promise<void> {
    await this.#connection.run('begin');
    try {
      await work();
      await this.#connection.run('commit');
    } catch (error) {
      await this.#connection.run('rollback').catch(() => undefined);
      throw error;
    }
  }
}

function within({ after, before }: MessageRange): string {
  const bounds = [
    ...(after === undefined ? [] : [`__message_id__ > ${literal(after)}`]),
    ...(before === undefined ? [] : [`__message_id__ < ${literal(before)}`]),
  ];
  return bounds.length === 0 ? '' : ` where ${bounds.join(' and ')}`;
}

function fingerprintOf({ source, schemaName, transient }: OpenMessage): string {
  const tables = ledgerTables().map((table) => createTable('', table));
  const parts = [CACHE_VERSION, version(), CATALOG, schemaName, source, transient, tables];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** One array of all messages; their values are JSON already. */
function jsonOf(
  { messageIds, keys, values, properties, timesMs }: FlatMessages,
  jsonOfValue: (text: string) => string,
): string {
  const entries = values.map((value, index) =>
    entryOf({
      messageId: messageIds[index] ?? '',
      key: keys[index] ?? '',
      value: jsonOfValue(value),
      properties: properties[index] ?? '{}',
      timeMs: timesMs[index] ?? 0,
    }),
  );
  return `[${entries.join(',')}]`;
}

/** What DuckDB can read of a value: halves of characters replaced, `null` in place of what is no JSON. */
function readable(text: string): string {
  try {
    const wellFormed = (_key: string, value: unknown) =>
      typeof value === 'string' ? value.toWellFormed() : value;
    return JSON.stringify(JSON.parse(text, wellFormed));
  } catch {
    return 'null';
  }
}
