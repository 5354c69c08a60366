import { Worker } from 'node:worker_threads';
import { GenfleetError } from '@genfleet/job';
import type { Fault } from './faults.ts';
import type {
  Fetch,
  Fetched,
  FromThread,
  Group,
  GroupResult,
  Publishes,
  Settle,
  TopicToEnsure,
  ToThread,
} from './protocol.ts';

/** For so long what is in no hurry waits for what is. */
const UNHURRIED_MS = 5;
/** Given and not yet answered; beyond it the disk does not keep up, and new ones are refused. */
const WAITING_LIMIT = { requests: 100_000, chars: 256 * 1_024 * 1_024 };

export interface Publish {
  readonly topic: number;
  readonly key: string;
  readonly value: string;
  readonly properties: string | null;
  /** Unix time in ms; 0 for at once. */
  readonly dueMs: number;
  /** Answered once it is on the disk. */
  readonly synced: boolean;
}

export interface Published {
  readonly seq: number;
  readonly timeMs: number;
}

interface Listeners {
  /** There may be something in the file that nobody was handed. */
  readonly onChanged: () => void;
  /** Called for every group that was committed, in the order of the commits. */
  readonly onPublished: (publishes: Publishes, result: GroupResult) => void;
}

interface Asker<R> {
  resolve(result: R): void;
  reject(error: Error): void;
}

/** A group, and who waits for what of it. */
interface Asked {
  readonly group: Group;
  readonly publishers: Asker<Published>[];
  readonly settlers: Asker<void>[];
  readonly fetchers: Asker<Fetched>[];
  readonly ensurers: Asker<void>[];
  chars: number;
}

/**
 * Gathers what callers of one tick want written, and posts it to the thread, which commits all that came while
 * its last commit was in flight together: callers that come together share an fsync.
 */
export class GroupCommit {
  readonly #thread: Worker;
  readonly #listeners: Listeners;
  readonly #standing = new Map<number, (handed: Fetched) => void>();
  #gathering: Asked | undefined;
  #isHurried = true;
  #flushing: NodeJS.Immediate | undefined;
  #flushingLater: NodeJS.Timeout | undefined;
  readonly #inFlight: Asked[] = [];
  #waiting = { requests: 0, chars: 0 };
  #closing: Promise<void> | undefined;
  #dead: GenfleetError | undefined;

  private constructor(thread: Worker, listeners: Listeners) {
    this.#thread = thread;
    this.#listeners = listeners;
  }

  /** @throws GenfleetError `bus_unavailable` when the file can't be opened. */
  static async open(file: string, listeners: Listeners): Promise<GroupCommit> {
    const thread = new Worker(new URL('./writer-thread.ts', import.meta.url), {
      workerData: { file },
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    const commit = new GroupCommit(thread, listeners);
    await new Promise<void>((resolve, reject) => {
      thread.on('message', (message: FromThread) => {
        if (message.type === 'open') resolve();
        else if (message.type === 'refused') reject(unavailable(message));
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

  /** What is asked for during the call may wait a little, and goes with whatever is asked for meanwhile. */
  unhurried<T>(ask: () => T): T {
    this.#isHurried = false;
    try {
      return ask();
    } finally {
      this.#isHurried = true;
    }
  }

  publish(request: Publish): Promise<Published> {
    const { topic, key, value, properties, dueMs, synced } = request;
    return this.#ask(value.length, (asked, asker) => {
      const { publishes } = asked.group;
      publishes.topics.push(topic);
      publishes.keys.push(key);
      publishes.values.push(value);
      publishes.properties.push(properties);
      publishes.dueMs.push(dueMs);
      if (synced) publishes.synced += 1;
      asked.publishers.push(asker);
    });
  }

  settle(request: Settle): Promise<void> {
    return this.#ask(0, (asked, asker) => {
      asked.group.settles.push(request);
      asked.settlers.push(asker);
    });
  }

  /** Calls back with what is handed to the standing fetches of this consumer. */
  standing(consumer: number, callback: (handed: Fetched) => void): void {
    this.#standing.set(consumer, callback);
  }

  /** The consumer's fetch stands no longer, though what was handed out before may still arrive. Never rejects. */
  withdraw(consumer: number): void {
    if (this.#dead || this.#closing) return;
    this.#gather().group.withdrawals.push(consumer);
  }

  fetch(request: Fetch): Promise<Fetched> {
    return this.#ask(0, (asked, asker) => {
      asked.group.fetches.push(request);
      asked.fetchers.push(asker);
    });
  }

  ensure(topics: readonly TopicToEnsure[]): Promise<void> {
    return this.#ask(0, (asked, asker) => {
      asked.group.ensures.push(topics);
      asked.ensurers.push(asker);
    });
  }

  /** Commits what waits, gives back what this owner holds, and ends the thread. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    if (this.#dead) return;
    const exited = new Promise<void>((resolve) => this.#thread.once('exit', () => resolve()));
    this.#flush();
    this.#post({ type: 'close' });
    await exited;
  }

  #ask<R>(chars: number, add: (asked: Asked, asker: Asker<R>) => void): Promise<R> {
    return new Promise((resolve, reject) => {
      if (this.#dead) return reject(this.#dead);
      if (this.#closing) return reject(new GenfleetError('closed', 'the bus was closed'));
      const waiting = this.#waiting;
      if (waiting.requests >= WAITING_LIMIT.requests || waiting.chars > WAITING_LIMIT.chars) {
        return reject(new GenfleetError('bus_unavailable', 'too many writes wait for the disk'));
      }
      const gathering = this.#gather();
      gathering.chars += chars;
      waiting.requests += 1;
      waiting.chars += chars;
      add(gathering, { resolve, reject });
    });
  }

  #gather(): Asked {
    this.#gathering ??= newGroup();
    // after all callbacks of this phase of the event loop: requests that arrived together go together
    if (this.#isHurried) this.#flushing ??= setImmediate(() => this.#flush());
    else this.#flushingLater ??= setTimeout(() => this.#flush(), UNHURRIED_MS);
    return this.#gathering;
  }

  #flush(): void {
    clearImmediate(this.#flushing);
    clearTimeout(this.#flushingLater);
    this.#flushing = undefined;
    this.#flushingLater = undefined;
    const asked = this.#gathering;
    this.#gathering = undefined;
    if (!asked) return;
    if (this.#dead) {
      reject(asked, this.#dead);
    } else {
      this.#inFlight.push(asked);
      this.#post({ type: 'group', group: asked.group });
    }
  }

  #receive(message: FromThread): void {
    if (message.type === 'changed') this.#listeners.onChanged();
    else if (message.type === 'done') {
      for (const result of message.results) this.#answer(this.#next(), result);
      for (const handed of message.handed) this.#standing.get(handed.consumer)?.(handed);
    } else if (message.type === 'failed') {
      const error = unavailable(message);
      for (let group = 0; group < message.groups; group++) reject(this.#next(), error);
    }
  }

  #next(): Asked | undefined {
    const asked = this.#inFlight.shift();
    if (asked) {
      this.#waiting.requests -= askersOf(asked).length;
      this.#waiting.chars -= asked.chars;
    }
    return asked;
  }

  #answer(asked: Asked | undefined, result: GroupResult): void {
    if (!asked) return;
    const { seqs, timeMs, fetched } = result;
    this.#listeners.onPublished(asked.group.publishes, result);
    for (const [index, { resolve }] of asked.publishers.entries()) {
      resolve({ seq: seqs[index] ?? 0, timeMs });
    }
    for (const { resolve } of [...asked.settlers, ...asked.ensurers]) resolve();
    // given back for whoever has room
    if (asked.group.settles.some(({ dueMs }) => dueMs !== undefined)) this.#listeners.onChanged();
    for (const [index, { resolve }] of asked.fetchers.entries()) {
      resolve(fetched[index] ?? { rows: [], more: false, nextDueMs: undefined });
    }
  }

  #post(message: ToThread): void {
    this.#thread.postMessage(message);
  }

  #fail(error: GenfleetError): void {
    if (this.#dead) return;
    this.#dead = error;
    for (const asked of this.#inFlight.splice(0)) reject(asked, error);
  }
}

function unavailable({ message, retryable }: Fault): GenfleetError {
  return new GenfleetError('bus_unavailable', message, { retryable });
}

function newGroup(): Asked {
  const publishes = { topics: [], keys: [], values: [], properties: [], dueMs: [], synced: 0 };
  return {
    group: { publishes, settles: [], fetches: [], withdrawals: [], ensures: [] },
    publishers: [],
    settlers: [],
    fetchers: [],
    ensurers: [],
    chars: 0,
  };
}

function askersOf({ publishers, settlers, fetchers, ensurers }: Asked) {
  return [...publishers, ...settlers, ...fetchers, ...ensurers];
}

function reject(asked: Asked | undefined, error: Error): void {
  if (asked) for (const asker of askersOf(asked)) asker.reject(error);
}
