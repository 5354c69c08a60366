import { GenfleetError } from '@genfleet/job';
import type { Dispatcher } from 'undici';

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** What becomes of an answer while it comes. */
export interface Receiver {
  onHead(status: number, contentType: string): void;
  /** True when nothing more is wanted: the connection is closed then. What it throws ends the exchange. */
  onData(chunk: Buffer): boolean;
}

/**
 * One request and its answer, on undici's dispatcher itself: its streams and promises cost more than all the rest of
 * the work on a token. Resolves once the answer is complete or enough; rejects with the signal's reason as soon as it
 * is aborted, and the connection is destroyed at once in that case, whatever it waits for.
 */
export function exchange(
  pool: Dispatcher,
  request: UpstreamRequest,
  receiver: Receiver,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let isSettled = false;
    let hasHead = false;
    const settle = (then: () => void) => {
      if (isSettled) return;
      isSettled = true;
      signal.removeEventListener('abort', onAbort);
      then();
    };
    const drop = () => controller?.abort(new GenfleetError('closed', 'nothing more is wanted'));
    const onAbort = () => {
      settle(() => reject(signal.reason));
      drop();
    };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        if (isSettled) drop();
      },
      onResponseStart(_, status, headers) {
        if (isSettled || status < 200) return;
        hasHead = true;
        receiver.onHead(status, String(headers['content-type'] ?? ''));
      },
      onResponseData(_, chunk) {
        if (isSettled) return;
        try {
          if (!receiver.onData(chunk)) return;
          settle(resolve);
        } catch (thrown) {
          settle(() => reject(thrown));
        }
        drop();
      },
      onResponseEnd: () => settle(resolve),
      onResponseError: (_, error) => settle(() => reject(new TransportError(error, hasHead))),
    };
    if (signal.aborted) return settle(() => reject(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    pool.dispatch({ ...request, body: request.body ?? null }, handler);
  });
}

/** A connection that failed under a request, with whether the answer had begun. */
export class TransportError extends Error {
  readonly hasHead: boolean;
  readonly code: string;

  constructor(cause: Error, hasHead: boolean) {
    super(cause.message, { cause });
    this.hasHead = hasHead;
    this.code = 'code' in cause ? String(cause.code) : '';
  }

  /** A kept connection may be closed by the server just when the next request goes out on it: nothing was lost. */
  get isLostBeforeAnswer(): boolean {
    return !this.hasHead && ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(this.code);
  }

  toGenfleetError(origin: string): GenfleetError {
    const options = { cause: this.cause };
    if (this.code === 'UND_ERR_HEADERS_TIMEOUT' || this.code === 'UND_ERR_BODY_TIMEOUT') {
      const what = this.hasHead ? 'fell silent in the middle of its answer' : 'did not answer in time';
      return new GenfleetError('engine_timeout', `engine ${what}`, options);
    }
    if (this.hasHead) {
      return new GenfleetError('engine_failed', `engine broke off its answer: ${this.message}`, options);
    }
    if (this.code.startsWith('HPE_') || this.code === 'UND_ERR_HEADERS_OVERFLOW') {
      return new GenfleetError('engine_failed', `engine does not answer in HTTP: ${this.message}`, options);
    }
    const reason = this.message || this.code;
    return new GenfleetError(
      'engine_unreachable',
      `engine at ${origin} can't be reached: ${reason}`,
      options,
    );
  }
}
