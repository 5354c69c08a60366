import { createClient, type RedisClientType } from '@redis/client';

const CONNECT_MS = 2_000;
/** A cache that takes longer than this is slower than doing without. */
const COMMAND_MS = 500;
/** How long a connection may take to become ready before another one is tried. */
const STUCK_MS = 10_000;
const LONGEST_WAIT_MS = 1_000;
/** Commands that may wait for their answers at once. */
const MAX_WAITING = 10_000;

export interface RedisOptions {
  /** `redis://` or `rediss://`; its password is never repeated. */
  readonly url: string;
  /** What happens while Redis is away, in words: `rate limits are counted by each replica`. */
  readonly meanwhile: string;
  /** Told once when Redis goes away, and once when it is back. */
  readonly warn: (message: string) => void;
}

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false };

const AWAY = { ok: false } as const;

/**
 * A connection for things that work without Redis too: it says within half a second whether there is an answer,
 * at once while Redis is known to be away, and comes back by itself.
 */
export class RedisConnection {
  readonly #options: RedisOptions;
  #client: RedisClientType;
  #openedMs = 0;
  /** What was said last; cleared by a new connection. */
  #complaint: string | undefined;
  #isClosed = false;

  constructor(options: RedisOptions) {
    this.#options = options;
    this.#client = this.#connect();
  }

  /** The answer of one command, or that there is none. Never throws. */
  async run<T>(command: (client: RedisClientType) => Promise<T>): Promise<Answer<T>> {
    const client = this.#client;
    if (this.#isClosed) return AWAY;
    if (!client.isReady) {
      if (performance.now() - this.#openedMs > STUCK_MS) this.#renew(client, 'no connection');
      return AWAY;
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<typeof AWAY>((resolve) => {
      timer = setTimeout(() => {
        this.#renew(client, `no answer within ${COMMAND_MS} ms`);
        resolve(AWAY);
      }, COMMAND_MS);
    });
    const answered = (async () => command(client))().then(
      (value) => ({ ok: true, value }) as const,
      (error: unknown) => {
        this.#complain(error instanceof Error ? error.message : String(error));
        return AWAY;
      },
    );
    return Promise.race([answered, late]).finally(() => clearTimeout(timer));
  }

  /** Resolves when the connection is ready, after `timeoutMs` at the latest. */
  async ready(timeoutMs: number): Promise<void> {
    const client = this.#client;
    if (client.isReady) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      client.once('ready', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#client.destroy();
  }

  #connect(): RedisClientType {
    this.#openedMs = performance.now();
    const client: RedisClientType = createClient({
      url: this.#options.url,
      // an answer that comes after Redis is back is of no use
      disableOfflineQueue: true,
      commandsQueueMaxLength: MAX_WAITING,
      socket: {
        connectTimeout: CONNECT_MS,
        reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, LONGEST_WAIT_MS),
      },
    });
    client.on('error', (error: Error) => {
      if (client === this.#client) this.#complain(reasonOf(error));
    });
    client.on('ready', () => {
      if (this.#complaint !== undefined) this.#options.warn('Redis is back');
      this.#complaint = undefined;
    });
    // it tries for ever; what goes wrong comes as an event
    client.connect().catch(() => undefined);
    return client;
  }

  /** A link that swallows what is sent is not found broken for minutes; a new one is. */
  #renew(client: RedisClientType, reason: string): void {
    if (client !== this.#client || this.#isClosed) return;
    this.#complain(reason);
    this.#client = this.#connect();
    client.destroy();
  }

  #complain(reason: string): void {
    if (this.#isClosed || this.#complaint === reason) return;
    const isFirst = this.#complaint === undefined;
    this.#complaint = reason;
    if (isFirst) this.#options.warn(`Redis is away (${reason}); ${this.#options.meanwhile}`);
  }
}

/** A refused connection has its reasons in several parts, one for each address, and no message. */
function reasonOf(error: Error): string {
  const code: unknown = 'code' in error ? error.code : undefined;
  return error.message || (typeof code === 'string' ? code : error.name);
}

/** Opens a connection; a Redis that is away does not hold up the start for longer than two seconds. */
export async function openRedisConnection(options: RedisOptions): Promise<RedisConnection> {
  const connection = new RedisConnection(options);
  await connection.ready(CONNECT_MS);
  return connection;
}
