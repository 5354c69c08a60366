import type { Response } from 'express';
import { DATA_HEADERS } from './headers.ts';

/** A client that reads slower than its job runs loses progress beyond this; progress is worth having now or never. */
const SKIP_BYTES = 256 * 1024;
/** One that reads nothing at all is cut off here; it can resume. */
const CUT_BYTES = 1024 * 1024;

/** A `text/event-stream` answer with a bounded buffer. */
export class SseStream {
  readonly #res: Response;

  constructor(res: Response) {
    this.#res = res;
    res.writeHead(200, {
      ...DATA_HEADERS,
      'content-type': 'text/event-stream; charset=utf-8',
      // proxies must not hold events back
      'x-accel-buffering': 'no',
    });
    res.flushHeaders();
  }

  /** `id` is what the client resumes after. An event without one is dropped when the client is behind. */
  send(event: string, data: unknown, id?: string): void {
    if (id === undefined && this.#res.writableLength > SKIP_BYTES) return;
    this.#write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** A comment: keeps proxies from closing a quiet connection, and finds out that the client is gone. */
  heartbeat(): void {
    if (this.#res.writableLength <= SKIP_BYTES) this.#write(': still here\n\n');
  }

  end(): void {
    this.#res.end();
  }

  #write(text: string): void {
    if (this.#res.writableEnded || this.#res.destroyed) return;
    if (this.#res.writableLength > CUT_BYTES) this.#res.destroy();
    else this.#res.write(text);
  }
}
