import { type ChildProcess, fork } from 'node:child_process';
import { GenfleetError, type ModelInfo } from '@genfleet/job';
import type { FromEngineProcess, RunMessage, ToEngineProcess } from './protocol.ts';

/** Time for the process to be ready at the first start, in ms; a busy laptop is slow. */
const START_TIMEOUT_MS = 60_000;
/** Time for the process to obey a cancellation, one step at most, before it is killed. */
const OBEY_MS = 8_000;

type Receive = (message: RunMessage) => void;

/**
 * The process that runs the demo models: the API's event loop never waits for it, it runs at a lower priority, and
 * if it dies or hangs it is started again while its runs count as failed.
 */
export class EngineChild {
  #process: ChildProcess | undefined;
  #ready: Promise<readonly ModelInfo[]> | undefined;
  #closed = false;
  #runs = 0;
  readonly #pending = new Map<string, { readonly receive: Receive; readonly fail: (error: Error) => void }>();

  /** Starts the process unless it runs. @returns its models */
  start(): Promise<readonly ModelInfo[]> {
    if (this.#closed) return Promise.reject(new GenfleetError('closed', 'the engine was closed'));
    this.#ready ??= this.#spawn();
    return this.#ready;
  }

  /**
   * Sends a request and waits for the answer that `answerOf` finds in one of the messages about it.
   * @throws GenfleetError `cancelled` when the signal is aborted, and what went wrong.
   */
  async run<Answer>(
    request: (id: string) => ToEngineProcess,
    signal: AbortSignal,
    answerOf: (message: RunMessage) => Answer | undefined,
  ): Promise<Answer> {
    if (signal.aborted) throw cancelled();
    await this.start().catch((error: unknown) => {
      throw GenfleetError.from(error, 'engine_unreachable');
    });
    this.#runs += 1;
    const id = `${this.#runs}`;
    let kill: NodeJS.Timeout | undefined;
    const cancel = () => {
      this.#send({ type: 'cancel', id });
      kill = setTimeout(() => this.#process?.kill('SIGKILL'), OBEY_MS);
    };
    const answer = new Promise<Answer>((resolve, reject) => {
      const fail = (error: Error) => reject(signal.aborted ? cancelled() : error);
      const receive = (message: RunMessage) => {
        if (message.type === 'failed') reject(new GenfleetError(message.code, message.message));
        const found = answerOf(message);
        if (found !== undefined) resolve(found);
      };
      this.#pending.set(id, { receive, fail });
    });
    signal.addEventListener('abort', cancel, { once: true });
    this.#send(request(id));
    // aborted while the process started
    if (signal.aborted) cancel();
    try {
      return await answer;
    } finally {
      clearTimeout(kill);
      signal.removeEventListener('abort', cancel);
      this.#pending.delete(id);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const exited = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await exited;
  }

  #spawn(): Promise<readonly ModelInfo[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly ModelInfo[]>();
    const child = fork(new URL('./engine-process.ts', import.meta.url), {
      serialization: 'advanced',
      execArgv: ['--disable-warning=ExperimentalWarning'],
      // glibc keeps freed memory apart for every thread; two such heaps are 30 MB less, and no slower
      env: { ...process.env, MALLOC_ARENA_MAX: '2' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#process = child;
    let lastWords = '';
    child.stderr?.on('data', (text: Buffer) => {
      lastWords = (lastWords + text.toString()).slice(-2_000);
    });
    const late = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
    child.on('message', (message: FromEngineProcess) => {
      if (message.type === 'ready') {
        clearTimeout(late);
        resolve(message.models);
      } else {
        this.#pending.get(message.id)?.receive(message);
      }
    });
    const ended = (how: string) => {
      clearTimeout(late);
      const error = new GenfleetError('engine_failed', `the engine's process ${how}. ${lastWords}`.trim());
      if (this.#process === child) this.#ready = undefined;
      reject(error);
      for (const { fail } of this.#pending.values()) fail(error);
    };
    child.once('error', (error) => ended(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => ended(signal ? `was killed by ${signal}` : `ended with ${code}`));
    return promise;
  }

  #send(message: ToEngineProcess): void {
    // a process that is going down reports through its exit
    this.#process?.send(message, () => undefined);
  }
}

function cancelled(): GenfleetError {
  return new GenfleetError('cancelled', 'the run was stopped');
}
