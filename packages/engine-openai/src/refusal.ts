import { type ErrorCode, GenfleetError } from '@genfleet/job';

const WORDS_CHARS = 500;

/**
 * The error that an upstream's refusal stands for. `status` is undefined for an error inside a stream, which then
 * goes by what it says itself. The words of a refused key are left out, since servers repeat the key in them.
 */
export function refusal(status: number | undefined, body: unknown): GenfleetError {
  const error = errorOf(body);
  const code = status ?? (isStatus(error.code) ? error.code : 500);
  const words = error.message === '' ? '' : `: ${error.message.slice(0, WORDS_CHARS)}`;
  if (code === 401 || code === 403) {
    const message = `engine refused the key it was given (${code})`;
    return new GenfleetError('engine_failed', message, { retryable: false });
  }
  if (isTooLong(error))
    return new GenfleetError('context_length_exceeded', error.message.slice(0, WORDS_CHARS));
  const [kind, options] = kindOf(code);
  return new GenfleetError(kind, `engine answered ${code}${words || ' without saying why'}`, options);
}

function kindOf(status: number): [ErrorCode, { retryable?: boolean }?] {
  if (status === 400 || status === 413 || status === 422) return ['invalid_settings'];
  if (status === 404) return ['model_not_found'];
  if (status === 429 || status === 503) return ['engine_unreachable', { retryable: true }];
  if (status === 408 || status === 504) return ['engine_timeout'];
  // another of the client's faults stays one, however often it is repeated
  return status >= 500 ? ['engine_failed'] : ['engine_failed', { retryable: false }];
}

interface UpstreamError {
  readonly message: string;
  readonly code: unknown;
  readonly type: unknown;
}

/** OpenAI's error object, or what other servers put in its place: a bare message or FastAPI's `detail`. */
function errorOf(body: unknown): UpstreamError {
  const outer = isObject(body) ? body : {};
  const inner = isObject(outer['error']) ? outer['error'] : outer;
  const message = inner['message'] ?? outer['error'] ?? outer['detail'] ?? '';
  return {
    message: typeof message === 'string' ? message : JSON.stringify(message),
    code: inner['code'],
    type: inner['type'],
  };
}

/** OpenAI names it by code, llama.cpp by type, vLLM only in words. */
function isTooLong({ code, type, message }: UpstreamError): boolean {
  if (code === 'context_length_exceeded' || type === 'exceed_context_size_error') return true;
  return /maximum context length/i.test(message);
}

function isStatus(code: unknown): code is number {
  return Number.isInteger(code) && (code as number) >= 400 && (code as number) < 600;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
