import type { Problem } from './types.ts';

/**
 * The API's refusal. Not a GenfleetError: a client bundle carries no schemas, and what matters to a caller is
 * the HTTP status and the problem details (RFC 9457) that came with it.
 */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;
  /** Seconds the API asks to wait before the next try, from `Retry-After`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, problem: Problem, retryAfterSeconds?: number) {
    super(problem.detail);
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** Reads the body of a refused request; an answer that is no problem document becomes one. */
  static async from(response: Response): Promise<ApiError> {
    const text = await response.text();
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
    return new ApiError(
      response.status,
      parseProblem(text) ?? { detail: text.slice(0, 500) || `HTTP ${response.status}` },
      Number.isFinite(retryAfter) ? retryAfter : undefined,
    );
  }
}

function parseProblem(text: string): Problem | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isProblem =
      typeof value === 'object' && value !== null && 'detail' in value && typeof value.detail === 'string';
    return isProblem ? (value as Problem) : undefined;
  } catch {
    return undefined;
  }
}
