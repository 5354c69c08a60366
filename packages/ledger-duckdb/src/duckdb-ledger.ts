import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStore } from '@genfleet/artifacts';
import type { Bus } from '@genfleet/bus';
import { GenfleetError } from '@genfleet/job';
import {
  InvalidQuery,
  type LedgerTable,
  ledgerTables,
  positionAt,
  type QueryOptions,
  type QueryResult,
  readStatement,
  type SqlLedger,
  unknownTable,
} from '@genfleet/ledger';
import { Archived } from './archived.ts';
import { forDuckdb } from './dialect.ts';
import { Filling } from './filling.ts';
import { BrokenEngine, LedgerChild, type QueryAnswer, QueryFault } from './ledger-child.ts';
import { Turns } from './turns.ts';

/** Files beside each other, for processes that ask at the same time: DuckDB lets one process have a file. */
const FILES = 3;
const DEFAULT_MEMORY_MIB = 512;
const DEFAULT_IDLE_MS = 300_000;

export interface DuckdbLedgerOptions {
  readonly bus: Bus;
  /** Folder of the files, which are a cache. Created when it is not there. */
  readonly directory: string;
  /** `<tenant>/<namespace>`: the schema of the tables. */
  readonly schemaName: string;
  /** Tells this bus from others whose rows a file may hold. */
  readonly source: string;
  /** Topics that forget: they are never written to a file. */
  readonly transient: readonly string[];
  /**
   * Where topics are archived: rows are taken from there as far as it goes, and from the bus from there on. Closed with
   * the ledger.
   */
  readonly archive?: ObjectStore;
  /** What queries may take before they spill to the disk. Default 512. */
  readonly memoryMib?: number;
  /** After so long without a query the engine's process ends, until the next one. Default 5 minutes. */
  readonly idleMs?: number;
  readonly log?: { info(fields: object, message: string): void };
}

interface Running {
  readonly child: LedgerChild;
  readonly filling: Filling;
}

/** SQL over whatever bus there is, answered by DuckDB in a process of its own. */
export class DuckdbLedger implements SqlLedger {
  readonly #options: DuckdbLedgerOptions;
  readonly #tables: readonly LedgerTable[] = ledgerTables();
  readonly #turns = new Turns();
  readonly #closing = new AbortController();
  #running: Promise<Running> | undefined;
  /** Folder for files of the archive on their way in. */
  #loadFrom: Promise<string> | undefined;
  #asked = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: DuckdbLedgerOptions) {
    this.#options = options;
  }

  async query(sql: string, { maxRows, timeoutMs, signal }: QueryOptions): Promise<QueryResult> {
    const startMs = performance.now();
    if (this.#closing.signal.aborted) throw closed();
    if (signal.aborted) throw cancelled();
    const rewritten = forDuckdb(readStatement(sql));
    clearTimeout(this.#idle);
    this.#asked += 1;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    const ended = AbortSignal.any([signal, timeout.signal, this.#closing.signal]);
    const why = () => {
      if (this.#closing.signal.aborted) return closed();
      return signal.aborted ? cancelled() : this.#late(timeoutMs);
    };
    try {
      const work = this.#turns.take(() => this.#answer(rewritten, maxRows, ended));
      const answer = await endedBy(ended, work, why);
      return { ...answer, elapsedMs: performance.now() - startMs };
    } catch (error) {
      if (ended.aborted) throw why();
      throw this.#explained(error, sql);
    } finally {
      clearTimeout(timer);
      this.#asked -= 1;
      if (this.#asked === 0) this.#rest();
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    clearTimeout(this.#idle);
    const running = await this.#running?.catch(() => undefined);
    await running?.child.close();
    const loadFrom = await this.#loadFrom?.catch(() => undefined);
    if (loadFrom !== undefined) await rm(loadFrom, { recursive: true, force: true });
    await this.#options.archive?.close();
  }

  /** A process that breaks is started again; one that breaks again gets an empty file. */
  async #answer(sql: string, maxRows: number, signal: AbortSignal): Promise<QueryAnswer> {
    let isOfFile = false;
    for (let broken = 0; ; broken++) {
      if (signal.aborted) throw cancelled();
      this.#running ??= this.#start(broken > 1 && isOfFile);
      const running = this.#running;
      try {
        const { child, filling } = await running;
        await filling.upToNow();
        if (signal.aborted) throw cancelled();
        return await child.query(sql, maxRows, signal);
      } catch (error) {
        if (!(error instanceof BrokenEngine)) {
          // a start that failed is no start
          if (
            await running.then(
              () => false,
              () => true,
            )
          )
            this.#forget(running);
          throw error;
        }
        this.#forget(running);
        isOfFile = error.isOfFile;
        // a query that breaks the engine again is not asked for ever, and the file is not to blame for it
        if (signal.aborted || broken > 1 || (broken > 0 && !isOfFile)) throw error;
        this.#options.log?.info({}, `the ledger's engine is started again: ${error.message}`);
      }
    }
  }

  async #start(remake: boolean): Promise<Running> {
    const {
      bus,
      directory,
      schemaName,
      source,
      transient,
      memoryMib = DEFAULT_MEMORY_MIB,
      archive,
      log,
    } = this.#options;
    await mkdir(directory, { recursive: true });
    const files = Array.from({ length: FILES }, (_, index) =>
      join(directory, index === 0 ? 'ledger.duckdb' : `ledger-${index + 1}.duckdb`),
    );
    if (archive) this.#loadFrom ??= mkdtemp(join(tmpdir(), 'genfleet-archived-'));
    const loadFrom = await this.#loadFrom;
    const cached = { files, remake, source, schemaName, transient };
    const child = await LedgerChild.start({ type: 'open', ...cached, loadFrom, memoryMib });
    if (child.rebuilt !== undefined) log?.info({}, `the ledger is read from the topics: ${child.rebuilt}`);
    const parts = {
      bus,
      child,
      tables: this.#tables,
      transient: new Set(transient),
      archived: archive && loadFrom !== undefined ? new Archived(archive, loadFrom) : undefined,
      signal: this.#closing.signal,
    };
    return { child, filling: new Filling(parts) };
  }

  #forget(running: Promise<Running>): void {
    if (this.#running === running) this.#running = undefined;
    void running.then(({ child }) => child.kill()).catch(() => undefined);
  }

  /** Nobody has asked for a while: the memory is worth more than the time of the next start. */
  #rest(): void {
    if (this.#closing.signal.aborted) return;
    this.#idle = setTimeout(() => {
      const running = this.#running;
      this.#running = undefined;
      void running?.then(({ child }) => child.close()).catch(() => undefined);
    }, this.#options.idleMs ?? DEFAULT_IDLE_MS).unref();
  }

  #late(timeoutMs: number): GenfleetError {
    return new GenfleetError('query_timeout', `The query took longer than ${timeoutMs / 1_000} seconds.`);
  }

  #explained(error: unknown, sql: string): GenfleetError {
    if (error instanceof BrokenEngine) {
      return new GenfleetError('ledger_failed', `the ledger's engine failed: ${error.message}`, {
        cause: error,
      });
    }
    if (!(error instanceof QueryFault)) return GenfleetError.from(error, 'ledger_failed');
    const { kind, message, offset, missingTable } = error.fault;
    if (kind === 'cancelled') return cancelled();
    const position = offset === undefined ? undefined : positionAt(sql, offset);
    if (missingTable === undefined) return new InvalidQuery(message, position, error);
    const names = this.#tables.map(({ name }) => name);
    return unknownTable(missingTable, names, position);
  }
}

/** Does not wait for work that nobody waits for any more. */
async function endedBy<T>(signal: AbortSignal, work: Promise<T>, why: () => Error): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const end = () => reject(why());
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', end);
    work.catch(() => undefined);
  }
}

const cancelled = () => new GenfleetError('cancelled', 'The query was cancelled.');
const closed = () => new GenfleetError('closed', 'the ledger was closed');
