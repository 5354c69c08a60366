import type { IncomingMessage } from 'node:http';
import { GenfleetError } from '@genfleet/job';
import { WebSocket } from 'ws';

export interface LinkOptions {
  /** The address for the next attempt; it may change, as a reader goes on where it stood. */
  readonly url: () => string;
  readonly token: string | undefined;
  /** What it is for, to name it in errors. */
  readonly purpose: string;
  onOpen(): void;
  onMessage(frame: Readonly<Record<string, unknown>>): void;
}

const HANDSHAKE_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A connection that broke without a word shows by a ping that nobody answers. */
const PING_EVERY_MS = 15_000;
/** One that holds this long was no failed attempt. */
const STEADY_MS = 5_000;
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

const CODES: Readonly<Record<number, 'bus_unauthorized' | 'topic_not_found'>> = {
  401: 'bus_unauthorized',
  403: 'bus_unauthorized',
  404: 'topic_not_found',
};

/**
 * A WebSocket that comes back: after a first success it reconnects until it is closed, at growing intervals of up to
 * five seconds. What was sent and not answered when it broke is its user's to send again, in `onOpen`.
 */
export class Link {
  readonly #options: LinkOptions;
  #socket: WebSocket | undefined;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** The first connection. @throws GenfleetError `bus_unavailable`, `bus_unauthorized`, `topic_not_found`. */
  async open(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#connect(resolve, (error) => {
        this.#closed = true;
        reject(error);
      });
    });
  }

  /** Says nothing while it isn't open. */
  send(frame: Readonly<Record<string, unknown>> | string): void {
    if (!this.isOpen) return;
    this.#socket?.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** Breaks the connection, to make a new one. */
  reset(): void {
    this.#socket?.terminate();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    if (!socket) return;
    socket.close();
    // a server that does not answer the closing is not waited for
    setTimeout(() => socket.terminate(), 1_000).unref();
  }

  #connect(onFirst?: () => void, onFailure?: (error: GenfleetError) => void): void {
    const { url, token, purpose } = this.#options;
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const options = {
      headers,
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
    };
    const socket = new WebSocket(url(), options);
    this.#socket = socket;
    let why = new GenfleetError('bus_unavailable', `${purpose}: the connection was closed`);
    let stopPings: () => void = () => undefined;
    let openedMs = Number.POSITIVE_INFINITY;
    socket.on('unexpected-response', (_request, response) => {
      why = refusal(purpose, response);
      socket.terminate();
    });
    socket.on('error', (cause) => {
      if (why.message.endsWith('was closed')) {
        why = new GenfleetError('bus_unavailable', `${purpose}: ${cause.message || 'no answer'}`, { cause });
      }
    });
    socket.on('open', () => {
      openedMs = performance.now();
      stopPings = keepAlive(socket);
      this.#options.onOpen();
      onFirst?.();
    });
    socket.on('message', (data) => this.#options.onMessage(JSON.parse(data.toString())));
    socket.on('close', () => {
      stopPings();
      if (openedMs === Number.POSITIVE_INFINITY && onFailure) onFailure(why);
      else this.#reconnect(performance.now() - openedMs > STEADY_MS);
    });
  }

  #reconnect(wasSteady: boolean): void {
    if (this.#closed) return;
    this.#failures = wasSteady ? 0 : this.#failures + 1;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures);
    // spread, so that a broker that comes back isn't met by everybody at once
    this.#timer = setTimeout(() => this.#connect(), pauseMs * (0.5 + Math.random() / 2));
  }
}

function refusal(purpose: string, response: IncomingMessage): GenfleetError {
  const { statusCode = 0, statusMessage = '' } = response;
  response.resume();
  return new GenfleetError(
    CODES[statusCode] ?? 'bus_unavailable',
    `${purpose}: the WebSocket service answered ${statusCode} ${statusMessage}`.trim(),
  );
}

/** @returns what ends it. */
function keepAlive(socket: WebSocket): () => void {
  let isAnswered = true;
  socket.on('pong', () => {
    isAnswered = true;
  });
  const timer = setInterval(() => {
    if (!isAnswered) socket.terminate();
    else if (socket.readyState === WebSocket.OPEN) {
      isAnswered = false;
      socket.ping();
    }
  }, PING_EVERY_MS);
  return () => clearInterval(timer);
}
