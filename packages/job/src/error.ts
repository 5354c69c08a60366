/**
 * The one error type. Every code is listed here with whether trying again can help, so that a worker can
 * decide between a retry and a dead letter without knowing who threw.
 */
const RETRYABLE = {
  // the request can't be met, however often it is tried
  model_not_found: false,
  prompt_rejected: false,
  context_length_exceeded: false,
  invalid_settings: false,
  deadline_exceeded: false,
  cancelled: false,
  invalid_message: false,
  // the engine failed, another run may not
  engine_failed: true,
  engine_unreachable: true,
  engine_timeout: true,
  out_of_memory: true,
  worker_lost: true,
  // backing services
  artifacts_failed: true,
  artifact_not_found: false,
  bus_unavailable: true,
  bus_unauthorized: false,
  topic_not_found: false,
  message_too_large: false,
  dependency_missing: false,
  ledger_failed: true,
  query_timeout: false,
  invalid_query: false,
  // the API's own answers
  not_found: false,
  conflict: false,
  queue_full: true,
  invalid_configuration: false,
  closed: false,
  internal: true,
} as const;

export type ErrorCode = keyof typeof RETRYABLE;

export const ERROR_CODES = Object.keys(RETRYABLE) as [ErrorCode, ...ErrorCode[]];

export class GenfleetError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;

  /** `retryable` follows from the code unless the thrower knows better. */
  constructor(code: ErrorCode, message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'GenfleetError';
    this.code = code;
    this.retryable = options.retryable ?? RETRYABLE[code];
  }

  /** Wraps anything thrown: a GenfleetError stays itself, all else becomes `code` with the original as cause. */
  static from(thrown: unknown, code: ErrorCode): GenfleetError {
    if (thrown instanceof GenfleetError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new GenfleetError(code, message, { cause: thrown });
  }
}
