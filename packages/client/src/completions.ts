import { ApiError } from './api-error.ts';
import type { Call, CallOptions } from './call.ts';
import { readEvents } from './read-events.ts';
import type { CompletionChunk, CompletionResource, NewCompletion } from './types.ts';

export interface StreamOptions extends CallOptions {
  /** 1 to 256 visible ASCII characters: a newer request of the same session supersedes this one. */
  readonly sessionId?: string;
}

/** Calls of `/v1/completions`. */
export interface Completions {
  /**
   * The text as it is written, chunk by chunk, each with the id of its job. Leaving the loop, or aborting the signal,
   * hangs up, which cancels the job.
   * @throws ApiError when the API refuses (`code` is `superseded` when a newer request of the session came), and also
   * when the text breaks off after it had begun: a loop that ends without an error had the whole of it.
   */
  stream(request: NewCompletion, options?: StreamOptions): AsyncIterable<CompletionChunk>;
  /** A completion as a job; its `choices` are empty where the text was not kept. */
  get(id: string, options?: CallOptions): Promise<CompletionResource>;
  /** The cancelled job, or undefined when the cancellation is on its way. */
  cancel(id: string, options?: CallOptions): Promise<CompletionResource | undefined>;
  /** Tells whether the person took the suggestion. Counted once for each completion. */
  feedback(id: string, given: { readonly accepted: boolean }, options?: CallOptions): Promise<void>;
}

const JSON_BODY = { 'content-type': 'application/json' } as const;
const LAST = '[DONE]';

export function completionCalls(call: Call): Completions {
  const path = (id: string) => `/v1/completions/${encodeURIComponent(id)}`;
  return {
    stream: (request, options = {}) => streamCompletion(call, request, options),
    get: async (id, options = {}) => (await call(path(id), options)).json() as Promise<CompletionResource>,
    cancel: async (id, options = {}) => {
      const response = await call(path(id), { method: 'DELETE', ...options });
      const answer = (await response.json()) as { readonly message: string } | CompletionResource;
      return 'status' in answer ? answer : undefined;
    },
    feedback: async (id, given, { signal } = {}) => {
      const response = await call(`${path(id)}/feedback`, {
        method: 'POST',
        headers: JSON_BODY,
        body: JSON.stringify(given),
        ...(signal ? { signal } : {}),
      });
      await response.body?.cancel();
    },
  };
}

async function* streamCompletion(
  call: Call,
  request: NewCompletion,
  { signal, sessionId }: StreamOptions,
): AsyncGenerator<CompletionChunk, void, undefined> {
  const headers: Record<string, string> = { ...JSON_BODY, accept: 'text/event-stream' };
  if (sessionId !== undefined) headers['x-session-id'] = sessionId;
  const response = await call('/v1/completions', {
    method: 'POST',
    headers,
    body: JSON.stringify({ ...request, stream: true }),
    ...(signal ? { signal } : {}),
  });
  for await (const { data } of readEvents(response)) {
    if (data === LAST) return;
    const value: unknown = JSON.parse(data);
    const error = ApiError.fromEvent(value);
    if (error) throw error;
    yield value as CompletionChunk;
  }
  throw new ApiError(502, { detail: 'The text broke off before its end' }, { code: 'stream_broken' });
}
