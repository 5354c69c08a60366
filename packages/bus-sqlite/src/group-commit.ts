import { Worker } from 'node:worker_threads';
import { GenfleetError } from '@genfleet/job';
import type {
  Fetch,
  Fetched,
  FromThread,
  Group,
  GroupResult,
  Publish,
  Settle,
  ToThread,
} from './protocol.ts';

/** Requests in one commit; more wait for the next one. */
const GROUP_LIMIT = 2_000;
/** Requests waiting for a commit before new ones are refused. */
const WAITING_LIMIT = 100_000;

interface Asked<T, R> {
  readonly request: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Gathers what callers want written while a commit is in flight, and hands it over as the next one: callers
 * that come together share an fsync.
 */
export class GroupCommit {
  readonly #thread: Worker;
  readonly #onReclaimed: () => void;
  readonly #publishes: Asked<Publish, { seq: number; timeMs: number }>[] = [];
  readonly #settles: Asked<Settle, void>[] = [];
  readonly #fetches: Asked<Fetch, Fetched>[] = [];
  #inFlight: ((message: FromThread) => void) | undefined;
  #closing: Promise<void> | undefined;
  #dead: GenfleetError | undefined;

  private constructor(thread: Worker, onReclaimed: () => void) {
    this.#thread = thread;
    this.#onReclaimed = onReclaimed;
  }

  /** @throws GenfleetError `bus_unavailable` when the file can't be opened. */
  static async open(file: string, owner: string, onReclaimed: () => void): Promise<GroupCommit> {
    const thread = new Worker(new URL('./writer-thread.ts', import.meta.url), {
      workerData: { file, owner },
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    const commit = new GroupCommit(thread, onReclaimed);
    await new Promise<void>((resolve, reject) => {
      thread.on('message', (message: FromThread) => {
        if (message.type === 'open') resolve();
        else commit.#receive(message);
      });
      thread.once('error', (error) => {
        commit.#fail(new GenfleetError('bus_unavailable', error.message, { cause: error }));
        reject(error);
      });
      thread.once('exit', () => commit.#fail(new GenfleetError('closed', 'the bus was closed')));
    }).catch((error) => {
      throw GenfleetError.from(error, 'bus_unavailable');
    });
    return commit;
  }

  publish(request: Publish): Promise<{ seq: number; timeMs: number }> {
    return this.#ask(this.#publishes, request);
  }

  settle(request: Settle): Promise<void> {
    return this.#ask(this.#settles, request);
  }

  fetch(request: Fetch): Promise<Fetched> {
    return this.#ask(this.#fetches, request);
  }

  /** Commits what waits, gives back what this owner holds, and ends the thread. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    if (this.#dead) return;
    const exited = new Promise<void>((resolve) => this.#thread.once('exit', () => resolve()));
    while (this.#inFlight || this.#publishes.length + this.#settles.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (this.#dead) return;
    }
    this.#post({ type: 'close' });
    await exited;
  }

  #ask<T, R>(line: Asked<T, R>[], request: T): Promise<R> {
    if (this.#dead) return Promise.reject(this.#dead);
    if (this.#closing) return Promise.reject(new GenfleetError('closed', 'the bus was closed'));
    if (line.length >= WAITING_LIMIT) {
      return Promise.reject(new GenfleetError('bus_unavailable', 'too many writes wait for the disk'));
    }
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    line.push({ request, resolve, reject });
    // callers of this turn of the event loop go together
    if (!this.#inFlight) queueMicrotask(() => this.#flush());
    return promise;
  }

  #flush(): void {
    if (this.#inFlight || this.#dead) return;
    const publishes = this.#publishes.splice(0, GROUP_LIMIT);
    const settles = this.#settles.splice(0, GROUP_LIMIT);
    const fetches = this.#fetches.splice(0, GROUP_LIMIT);
    const asked = [...publishes, ...settles, ...fetches];
    if (asked.length === 0) return;
    this.#inFlight = (message) => {
      this.#inFlight = undefined;
      if (message.type === 'done') this.#answer(message.result, publishes, settles, fetches);
      else if (message.type === 'failed') {
        const error = new GenfleetError('bus_unavailable', `could not be written: ${message.message}`);
        for (const { reject } of asked) reject(error);
      }
      this.#flush();
    };
    const group: Group = {
      publishes: publishes.map(({ request }) => request),
      settles: settles.map(({ request }) => request),
      fetches: fetches.map(({ request }) => request),
    };
    this.#post({ type: 'group', group });
  }

  #answer(
    result: GroupResult,
    publishes: readonly Asked<Publish, { seq: number; timeMs: number }>[],
    settles: readonly Asked<Settle, void>[],
    fetches: readonly Asked<Fetch, Fetched>[],
  ): void {
    for (const [index, { resolve }] of publishes.entries()) {
      resolve(result.published[index] ?? { seq: 0, timeMs: 0 });
    }
    for (const { resolve } of settles) resolve();
    for (const [index, { resolve }] of fetches.entries()) {
      resolve(result.fetched[index] ?? { rows: [], nextDueMs: undefined });
    }
  }

  #receive(message: FromThread): void {
    if (message.type === 'reclaimed') this.#onReclaimed();
    else this.#inFlight?.(message);
  }

  #post(message: ToThread): void {
    this.#thread.postMessage(message);
  }

  #fail(error: GenfleetError): void {
    if (this.#dead) return;
    this.#dead = error;
    const waiting = [...this.#publishes, ...this.#settles, ...this.#fetches];
    for (const { reject } of waiting) reject(error);
    this.#inFlight?.({ type: 'failed', message: error.message });
  }
}
