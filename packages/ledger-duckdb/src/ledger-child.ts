import { type ChildProcess, fork } from 'node:child_process';
import { GenfleetError } from '@genfleet/job';
import type { ResultColumn, SqlValue } from '@genfleet/ledger';
import type {
  Cursors,
  Fault,
  FlatMessages,
  FromProcess,
  MessageRange,
  OpenMessage,
  Request,
  ToProcess,
} from './protocol.ts';

/** A file that was left in the middle of a large write is read through once. */
const START_TIMEOUT_MS = 60_000;
/** How long the engine may take to let go of a query before its process is killed. */
const OBEY_MS = 3_000;
const CLOSE_MS = 5_000;

/** The engine or its file is broken: to be started again, and made anew if that does not help. */
export class BrokenEngine extends Error {
  /** Whether it may be the file that broke it. */
  readonly isOfFile: boolean;

  constructor(message: string, isOfFile: boolean) {
    super(message);
    this.isOfFile = isOfFile;
  }
}

export interface QueryAnswer {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly SqlValue[])[];
  readonly truncated: boolean;
}

interface Pending {
  readonly rows: SqlValue[][];
  readonly resolve: (message: Extract<FromProcess, { type: 'done' | 'answer' }>) => void;
  readonly reject: (error: Error) => void;
}

/** Thrown inside the adapter only: `duckdb-ledger.ts` makes an error of the port of it. */
export class QueryFault extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** The process of one opened file, from its start to its end. */
export class LedgerChild {
  readonly cursors: Cursors;
  readonly rebuilt: string | undefined;
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #requests = 0;
  #ended: Error | undefined;

  private constructor(process: ChildProcess, ready: { cursors: Cursors; rebuilt: string | undefined }) {
    this.#process = process;
    this.cursors = ready.cursors;
    this.rebuilt = ready.rebuilt;
    process.on('message', (message: FromProcess) => this.#receive(message));
    process.once('exit', (code, signal) =>
      this.#end(new BrokenEngine(`its process ended (${signal ?? code})`, false)),
    );
  }

  /** @throws GenfleetError `ledger_failed` when no file can be made there, BrokenEngine when the process dies. */
  static async start(options: OpenMessage): Promise<LedgerChild> {
    const started = fork(new URL('./ledger-process.ts', import.meta.url), {
      serialization: 'advanced',
      execArgv: ['--disable-warning=ExperimentalWarning'],
      // nothing of ours: a query has no business with it. glibc keeps freed memory apart for every thread
      env: { MALLOC_ARENA_MAX: '2' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let lastWords = '';
    started.stderr?.on('data', (text: Buffer) => {
      lastWords = (lastWords + text.toString()).slice(-1_000);
    });
    const late = setTimeout(() => started.kill('SIGKILL'), START_TIMEOUT_MS);
    try {
      const ready = await new Promise<FromProcess>((resolve, reject) => {
        const died = (how: string) =>
          reject(new BrokenEngine(`its process ${how} ${lastWords}`.trim(), true));
        started.once('message', resolve);
        started.once('error', (error) => died(`could not be started: ${error.message}`));
        started.once('exit', (code, signal) => died(`ended at its start (${signal ?? code})`));
        started.send(options satisfies ToProcess, () => undefined);
      });
      if (ready.type === 'ready') return new LedgerChild(started, ready);
      started.kill('SIGKILL');
      const reason = ready.type === 'refused' ? ready.message : `it said ${ready.type}`;
      throw new GenfleetError('ledger_failed', `DuckDB can not be used here: ${reason}`);
    } finally {
      clearTimeout(late);
    }
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  async insert(table: string, messages: FlatMessages): Promise<void> {
    await this.#request({ type: 'insert', table, messages });
  }

  /** Takes over rows of a file in the folder that it was opened with. */
  async load(table: string, file: string, range: MessageRange): Promise<void> {
    await this.#request({ type: 'load', table, file, range });
  }

  /** @returns false when the rows are not those of the topic. */
  async align(
    table: string,
    first: { messageId: string; timeMs: number },
    keepFrom: string,
  ): Promise<boolean> {
    const done = await this.#request({ type: 'align', table, first, keepFrom });
    return done.type === 'done' && !done.foreign;
  }

  async forget(table: string, range: MessageRange): Promise<void> {
    await this.#request({ type: 'forget', table, range });
  }

  async reset(): Promise<void> {
    await this.#request({ type: 'reset' });
  }

  /** @throws QueryFault, BrokenEngine. */
  async query(sql: string, maxRows: number, signal: AbortSignal): Promise<QueryAnswer> {
    const rows: SqlValue[][] = [];
    let kill: NodeJS.Timeout | undefined;
    const asked = this.#request({ type: 'query', sql, maxRows }, rows);
    const id = this.#requests;
    const cancel = () => {
      this.#send({ type: 'cancel', id });
      kill = setTimeout(() => this.kill(), OBEY_MS);
    };
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
    try {
      const answer = await asked;
      if (answer.type !== 'answer') throw new BrokenEngine('it answered another question', false);
      return { columns: answer.columns, rows, truncated: answer.truncated };
    } finally {
      clearTimeout(kill);
      signal.removeEventListener('abort', cancel);
    }
  }

  kill(): void {
    this.#process.kill('SIGKILL');
    this.#end(new BrokenEngine('its process was ended', false));
  }

  /** Lets it write what it holds into its file. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#send({ type: 'close' });
    const late = setTimeout(() => this.#process.kill('SIGKILL'), CLOSE_MS);
    await exited;
    clearTimeout(late);
  }

  #request(request: Request, rows: SqlValue[][] = []) {
    const { promise, resolve, reject } =
      Promise.withResolvers<Extract<FromProcess, { type: 'done' | 'answer' }>>();
    this.#requests += 1;
    if (this.#ended) reject(this.#ended);
    else {
      this.#pending.set(this.#requests, { rows, resolve, reject });
      this.#send({ ...request, id: this.#requests });
    }
    return promise;
  }

  #receive(message: FromProcess): void {
    if (message.type === 'ready' || message.type === 'refused') return;
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if (message.type === 'rows') {
      for (const row of message.rows) pending.rows.push(row);
      return;
    }
    this.#pending.delete(message.id);
    if (message.type !== 'failed') {
      pending.resolve(message);
      return;
    }
    const { fault } = message;
    pending.reject(
      fault.kind === 'broken'
        ? new BrokenEngine(fault.message, fault.isOfFile === true)
        : new QueryFault(fault),
    );
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  #send(message: ToProcess): void {
    // a process that is going down reports through its exit
    this.#process.send(message, () => undefined);
  }
}
