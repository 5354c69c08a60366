/** A consumer, reader or producer of the native client. */
interface Connected {
  isConnected(): boolean;
}

export interface Opened<T> {
  readonly vendor: T;
  close(): Promise<void>;
}

export interface ConnectionOptions<T extends Connected> {
  readonly open: () => Promise<Opened<T>>;
  /** Rejects while no broker serves the topic. */
  readonly probe: () => Promise<unknown>;
  /** Called before a closing, to let go of whatever waits in it. */
  letGo(): void;
}

const LOOK_EVERY_MS = 5_000;
/** Looks at which a broker answered and the client had not come back to it. */
const MOST_LOOKS = 3;
/**
 * One consumer, reader or producer. The native client reconnects by itself, but at intervals of up to a minute, and it gives up for good, without a word, when a broker that is starting answers
 * something that it takes to be final. So when a broker answers and the client stays away, all is made anew.
 */
export class Connection<T extends Connected> {
  readonly #options: ConnectionOptions<T>;
  readonly #timer: NodeJS.Timeout;
  #opened: Opened<T> | undefined;
  #looks = 0;
  #isLooking = false;
  #isClosed = false;

  constructor(options: ConnectionOptions<T>) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  /** Undefined while it is being made anew. */
  get current(): T | undefined {
    return this.#opened?.vendor;
  }

  async open(): Promise<void> {
    this.#opened = await this.#options.open();
    if (this.#isClosed) await this.#drop();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#drop();
  }

  async #drop(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#options.letGo();
    await opened?.close();
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    try {
      if (this.current?.isConnected()) this.#looks = 0;
      else if (await this.#isBrokerThere()) await this.#makeAnewInTime();
    } catch {
      // the broker was not ready after all; the next look tries again
    } finally {
      this.#isLooking = false;
    }
  }

  async #makeAnewInTime(): Promise<void> {
    this.#looks += 1;
    if (this.#looks < MOST_LOOKS || this.#isClosed) return;
    await this.#drop();
    await this.open();
    this.#looks = 0;
  }

  #isBrokerThere(): Promise<boolean> {
    return this.#options.probe().then(
      () => true,
      () => false,
    );
  }
}
