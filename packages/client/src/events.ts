import { ApiError } from './api-error.ts';
import { readEvents } from './read-events.ts';
import type { ImageEvent } from './types.ts';

export interface EventOptions {
  readonly signal?: AbortSignal;
  /** Resume after this event (`eventId` of one seen before). */
  readonly lastEventId?: string;
  /** Broken connections in a row before it gives up. Default 10. */
  readonly maxReconnects?: number;
}

type Connect = (headers: Record<string, string>, signal: AbortSignal | undefined) => Promise<Response>;

const TERMINAL: ReadonlySet<string> = new Set(['completed', 'dead', 'cancelled']);
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;

/**
 * Follows a job until its terminal event. A connection that breaks is opened again where it stopped, with
 * backoff; one that the API refuses (`ApiError` below 500) is not. Leaving the loop closes the connection.
 */
export async function* followEvents(
  connect: Connect,
  options: EventOptions,
): AsyncGenerator<ImageEvent, void, undefined> {
  const maxReconnects = options.maxReconnects ?? 10;
  let lastEventId = options.lastEventId;
  for (let broken = 0; broken <= maxReconnects; broken += 1) {
    if (broken > 0) await pause(backoffMs(broken), options.signal);
    try {
      const response = await open(connect, lastEventId, options.signal);
      if (response === undefined) return;
      for await (const event of eventsOf(response)) {
        broken = 0;
        lastEventId = event.eventId ?? lastEventId;
        yield event;
        if (TERMINAL.has(event.type)) return;
      }
    } catch (error) {
      const isRefusal = error instanceof ApiError && error.status < 500;
      if (isRefusal || options.signal?.aborted || broken === maxReconnects) throw error;
    }
  }
  throw new Error('the event stream kept ending before the job did');
}

/** Undefined when there is nothing after `lastEventId`: the job has ended (204). */
async function open(connect: Connect, lastEventId: string | undefined, signal: AbortSignal | undefined) {
  const headers: Record<string, string> = { accept: 'text/event-stream' };
  if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
  const response = await connect(headers, signal);
  if (response.status === 204) return undefined;
  if (!response.ok) throw await ApiError.from(response);
  return response;
}

async function* eventsOf(response: Response): AsyncGenerator<ImageEvent> {
  for await (const { event, data, id, hasId } of readEvents(response)) {
    yield { type: event, data: JSON.parse(data), eventId: hasId ? id : undefined } as ImageEvent;
  }
}

function backoffMs(broken: number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** (broken - 1), MAX_BACKOFF_MS);
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}
