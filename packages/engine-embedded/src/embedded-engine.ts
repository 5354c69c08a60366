import { type ChildProcess, fork } from 'node:child_process';
import type { ImageEngine, ImageResult, ImageTask } from '@genfleet/engine';
import { GenfleetError, type ModelInfo } from '@genfleet/job';
import type { FromEngineProcess, ToEngineProcess } from './protocol.ts';

/** Time for the model to be loaded at the first start, in ms; a busy laptop is slow. */
const START_TIMEOUT_MS = 60_000;
/** Time for the process to obey a cancellation, one step at most, before it is killed. */
const OBEY_MS = 8_000;

interface Pending {
  readonly task: ImageTask;
  readonly resolve: (result: ImageResult) => void;
}

/**
 * The demo model in a process of its own: the API's event loop never waits for it, it runs at a lower
 * priority, and if it dies or hangs it is started again while the job counts as failed.
 */
export class EmbeddedEngine implements ImageEngine {
  readonly name = 'embedded';
  /** Pictures are made one after the other: on a CPU a batch is no faster. */
  readonly maxBatchImages = 1;
  #process: ChildProcess | undefined;
  #ready: Promise<readonly ModelInfo[]> | undefined;
  #closed = false;
  readonly #pending = new Map<string, Pending>();

  async models(): Promise<readonly ModelInfo[]> {
    return this.#start();
  }

  async health(): Promise<void> {
    await this.#start();
  }

  async generateImages(tasks: readonly ImageTask[]): Promise<readonly ImageResult[]> {
    const results: ImageResult[] = [];
    for (const task of tasks) results.push(await this.#generate(task));
    return results;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const exited = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await exited;
  }

  async #generate(task: ImageTask): Promise<ImageResult> {
    if (task.signal.aborted) return cancelled();
    try {
      await this.#start();
    } catch (error) {
      return { ok: false, error: GenfleetError.from(error, 'engine_unreachable') };
    }
    const { id, settings, seeds, signal } = task;
    let kill: NodeJS.Timeout | undefined;
    const cancel = () => {
      this.#send({ type: 'cancel', id });
      kill = setTimeout(() => this.#process?.kill('SIGKILL'), OBEY_MS);
    };
    const result = new Promise<ImageResult>((resolve) => this.#pending.set(id, { task, resolve }));
    signal.addEventListener('abort', cancel, { once: true });
    this.#send({ type: 'generate', id, settings, seeds });
    try {
      return await result;
    } finally {
      clearTimeout(kill);
      signal.removeEventListener('abort', cancel);
      this.#pending.delete(id);
    }
  }

  #start(): Promise<readonly ModelInfo[]> {
    if (this.#closed) return Promise.reject(new GenfleetError('closed', 'the engine was closed'));
    this.#ready ??= this.#spawn();
    return this.#ready;
  }

  #spawn(): Promise<readonly ModelInfo[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly ModelInfo[]>();
    const child = fork(new URL('./engine-process.ts', import.meta.url), {
      serialization: 'advanced',
      execArgv: ['--disable-warning=ExperimentalWarning'],
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
        this.#receive(message);
      }
    });
    const ended = (how: string) => {
      clearTimeout(late);
      const error = new GenfleetError('engine_failed', `the engine's process ${how}. ${lastWords}`.trim());
      if (this.#process === child) this.#ready = undefined;
      reject(error);
      for (const { resolve: answer, task } of this.#pending.values()) {
        answer(task.signal.aborted ? cancelled() : { ok: false, error });
      }
    };
    child.once('error', (error) => ended(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => ended(signal ? `was killed by ${signal}` : `ended with ${code}`));
    return promise;
  }

  #receive(message: Exclude<FromEngineProcess, { type: 'ready' }>): void {
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    switch (message.type) {
      case 'progress':
        pending.task.onProgress(message);
        break;
      case 'done': {
        const { model, modelLoadMs, generateMs } = message;
        const images = message.images.map((image) => ({ encoding: 'rgb' as const, ...image }));
        pending.resolve({ ok: true, images, model, modelLoadMs, generateMs });
        break;
      }
      case 'failed':
        pending.resolve({ ok: false, error: new GenfleetError(message.code, message.message) });
        break;
    }
  }

  #send(message: ToEngineProcess): void {
    // a process that is going down reports through its exit
    this.#process?.send(message, () => undefined);
  }
}

function cancelled(): ImageResult {
  return { ok: false, error: new GenfleetError('cancelled', 'the run was stopped') };
}
