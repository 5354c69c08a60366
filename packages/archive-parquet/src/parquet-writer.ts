import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { ArchivedMessage, Draft, SegmentWriter } from '@genfleet/archive';
import { entriesIn, entryOf, literal, rowsOf } from '@genfleet/duckdb-tables';
import { GenfleetError } from '@genfleet/job';
import type { LedgerTable } from '@genfleet/ledger';
import { LineFile } from './line-file.ts';
import { openScratch } from './scratch.ts';

/** Of DuckDB's own: enough for a segment of any shape within `DEFAULT_LIMITS`. 32 MiB of it are the reader's buffer. */
const MEMORY = '96MiB';
/** Rather this once than an archive that stands still before a segment that is out of shape. */
const MUCH_MEMORY = '1GiB';
/** Rows that are in memory at once while a file is made. */
const ROW_GROUP_ROWS = 10_240;
/** Longer than any line: `archivedValue` lets 512 Ki characters through. Each of its buffers is twice this. */
const MAX_LINE_BYTES = 2 * 1_024 * 1_024;

/**
 * Parquet by DuckDB. What is added lies in a file on the disk, one message a line, until it is read through once, by one
 * thread, so that the same messages give the same bytes.
 */
class ParquetWriter implements SegmentWriter {
  readonly #connection: DuckDBConnection;
  readonly #instance: DuckDBInstance;
  readonly #scratch: string;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: { instance: DuckDBInstance; connection: DuckDBConnection; scratch: string }) {
    this.#instance = parts.instance;
    this.#connection = parts.connection;
    this.#scratch = parts.scratch;
  }

  async begin(table: LedgerTable): Promise<Draft> {
    const path = join(this.#scratch, `${table.name}-${randomUUID()}.ndjson`);
    const lines = await LineFile.create(path).catch(fault(path));
    return new ParquetDraft({ table, lines, copy: (sql) => this.#copy(sql) });
  }

  async close(): Promise<void> {
    await this.#turn;
    this.#connection.closeSync();
    this.#instance.closeSync();
    await rm(this.#scratch, { recursive: true, force: true });
  }

  async #run(sql: string): Promise<void> {
    try {
      await this.#connection.run(sql);
    } catch (error) {
      if (!/Out of Memory/.test(String(error))) throw error;
      await this.#connection.run(`set memory_limit = '${MUCH_MEMORY}'`);
      try {
        await this.#connection.run(sql);
      } finally {
        await this.#connection.run(`set memory_limit = '${MEMORY}'`);
      }
    }
  }

  /** One at a time: each may use all of the memory. */
  async #copy(sql: string): Promise<void> {
    const done = this.#turn.then(() => this.#run(sql));
    this.#turn = done.catch(() => undefined);
    await done;
  }
}

class ParquetDraft implements Draft {
  readonly #table: LedgerTable;
  readonly #lines: LineFile;
  readonly #copy: (sql: string) => Promise<void>;
  #isDiscarded = false;

  constructor(parts: { table: LedgerTable; lines: LineFile; copy: (sql: string) => Promise<void> }) {
    this.#table = parts.table;
    this.#lines = parts.lines;
    this.#copy = parts.copy;
  }

  add(messages: readonly ArchivedMessage[]): void {
    for (const message of messages) this.#lines.add(entryOf(message));
  }

  async flush(): Promise<void> {
    if (this.#lines.holdsMuch) await this.#lines.write().catch(fault(this.#lines.path));
  }

  async finish(): Promise<Uint8Array> {
    const { path } = this.#lines;
    const made = `${path}.parquet`;
    await this.#lines.write().catch(fault(path));
    const rows = rowsOf(entriesIn(path, this.#table, MAX_LINE_BYTES));
    const format = `format parquet, compression zstd, row_group_size ${ROW_GROUP_ROWS}`;
    try {
      await this.#copy(`copy (${rows}) to ${literal(made)} (${format})`);
      return await readFile(made);
    } catch (error) {
      return fault(made)(error);
    } finally {
      await rm(made, { force: true });
    }
  }

  async discard(): Promise<void> {
    if (this.#isDiscarded) return;
    this.#isDiscarded = true;
    await this.#lines.remove();
  }
}

function fault(file: string): (error: unknown) => never {
  return (cause) => {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new GenfleetError('ledger_failed', `cannot write ${file}: ${message}`, { cause });
  };
}

/**
 * A writer that keeps open segments in a folder of its own inside `directory`.
 * @throws GenfleetError `ledger_failed` when it can't be used.
 */
export async function openParquetWriter(options: { directory: string }): Promise<SegmentWriter> {
  const scratch = await openScratch(options.directory).catch(fault(options.directory));
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: MEMORY,
    threads: '1',
    temp_directory: join(scratch, 'spill'),
    // what was freed goes back to the system: without it each file leaves another 40 MB behind, for a while
    allocator_flush_threshold: '1MiB',
    allocator_bulk_deallocation_flush_threshold: '1MiB',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  return new ParquetWriter({ instance, connection: await instance.connect(), scratch });
}
