import { ApiError, createClient, type Model } from '@genfleet/client';
import { signal } from '@preact/signals';

/** A request that has no answer after this long will not get one. */
const ANSWER_MS = 15_000;

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

/** Ends requests that would wait for ever; event streams are meant to. */
function boundedFetch(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  const isStream = new Headers(init?.headers).get('accept') === 'text/event-stream';
  return fetch(input, isStream ? init : { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
}

/** The API that served this page. */
export const client = createClient({ fetch: boundedFetch });

/** Whether the server answered last time it was asked. */
export const isOnline = signal(true);
export const models = signal<readonly Model[]>([]);

/** The server could not be reached or is not able to answer now; asking again may help. */
export function isOutage(error: unknown): boolean {
  if (error instanceof ApiError) return error.status >= 500;
  return error instanceof TypeError || isTimeout(error);
}

/** What went wrong, for people. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) {
    const again =
      error.retryAfterSeconds === undefined ? '' : ` Try again in ${Math.ceil(error.retryAfterSeconds)} s.`;
    return `${error.message}${again}`;
  }
  if (error instanceof TypeError || isTimeout(error)) return 'The server does not answer.';
  return error instanceof Error ? error.message : String(error);
}

export async function readModels(): Promise<readonly Model[]> {
  models.value = await client.models();
  return models.value;
}
