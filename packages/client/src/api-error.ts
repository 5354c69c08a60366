import type { OpenAiError, Problem } from './types.ts';

interface Extras {
  readonly retryAfterSeconds?: number | undefined;
  readonly code?: string | undefined;
}

/**
 * The API's refusal. Not a GenfleetError: a client bundle carries no schemas, and what matters to a caller is
 * the HTTP status and the problem details (RFC 9457) that came with it. OpenAI's error objects, which the routes
 * under `/v1` answer with, are read as problem details too.
 */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;
  /** Seconds the API asks to wait before the next try, from `Retry-After`. */
  readonly retryAfterSeconds: number | undefined;
  /** `code` of OpenAI's error object. */
  readonly code: string | undefined;

  constructor(status: number, problem: Problem, { retryAfterSeconds, code }: Extras = {}) {
    super(problem.detail);
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds;
    this.code = code;
  }

  /** Reads the body of a refused request; an answer that is no problem document becomes one. */
  static async from(response: Response): Promise<ApiError> {
    const text = await response.text();
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
    const refusal = parseRefusal(text);
    return new ApiError(
      response.status,
      refusal?.problem ?? { detail: text.slice(0, 500) || `HTTP ${response.status}` },
      { retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : undefined, code: refusal?.code },
    );
  }

  /**
   * Reads the event that ends a stream which failed after it had begun; undefined for any other. What came was a 200,
   * so the status is the one that the same failure would have had before: of the server, or of the request.
   */
  static fromEvent(value: unknown): ApiError | undefined {
    const error = openAiErrorIn(value);
    if (!error) return undefined;
    const status = error.type === 'server_error' ? 500 : 400;
    return new ApiError(status, problemFrom(error), { code: error.code ?? undefined });
  }
}

interface Refusal {
  readonly problem: Problem;
  readonly code: string | undefined;
}

function parseRefusal(text: string): Refusal | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    if ('detail' in value && typeof value.detail === 'string') {
      return { problem: value as Problem, code: undefined };
    }
    const error = openAiErrorIn(value);
    return error && { problem: problemFrom(error), code: error.code ?? undefined };
  } catch {
    return undefined;
  }
}

function openAiErrorIn(value: unknown): OpenAiError['error'] | undefined {
  const error = (value as Partial<OpenAiError> | null)?.error;
  return typeof error?.message === 'string' ? error : undefined;
}

function problemFrom({ message, param }: OpenAiError['error']): Problem {
  return { detail: message, ...(param == null ? {} : { errors: [{ path: param, message }] }) };
}
