import { type ErrorCode, GenfleetError } from '@genfleet/job';
import { status } from '@grpc/grpc-js';

interface Meaning {
  readonly code: ErrorCode;
  /** Where the code's own answer would be wrong. */
  readonly retryable?: boolean;
}

/** What each gRPC status means for a text; those that are not here are the engine's failure, to be tried again. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  [status.INVALID_ARGUMENT]: { code: 'invalid_settings' },
  [status.NOT_FOUND]: { code: 'model_not_found' },
  [status.DEADLINE_EXCEEDED]: { code: 'engine_timeout' },
  [status.UNAVAILABLE]: { code: 'engine_unreachable' },
  [status.RESOURCE_EXHAUSTED]: { code: 'out_of_memory' },
  // wrong layout or wrong address: the same call gets the same answer
  [status.UNIMPLEMENTED]: { code: 'engine_failed', retryable: false },
  [status.OUT_OF_RANGE]: { code: 'invalid_settings' },
  [status.UNAUTHENTICATED]: { code: 'engine_failed', retryable: false },
  [status.PERMISSION_DENIED]: { code: 'engine_failed', retryable: false },
};
/** A message over the limit of one of the two sides would be as long the next time. */
const TOO_LARGE = /larger than max/i;
/** Triton reports what it refuses before a stream's request has begun as a text without a status. */
const UNKNOWN_MODEL = /^Request for unknown model/;
const REASON_CHARS = 500;

/** The error that a failed call stands for. */
export function faultOf(thrown: unknown): GenfleetError {
  if (thrown instanceof GenfleetError) return thrown;
  const { code, details } = thrown as { code?: unknown; details?: unknown };
  if (typeof code !== 'number' || typeof details !== 'string') {
    return GenfleetError.from(thrown, 'engine_failed');
  }
  const meaning =
    code === status.RESOURCE_EXHAUSTED && TOO_LARGE.test(details)
      ? { code: 'engine_failed' as const, retryable: false }
      : (MEANINGS[code] ?? { code: 'engine_failed' as const });
  const message = `Triton answered ${status[code] ?? code}: ${reasonOf(details)}`;
  return new GenfleetError(meaning.code, message, {
    cause: thrown,
    ...(meaning.retryable === undefined ? {} : { retryable: meaning.retryable }),
  });
}

/** The error that a stream's `error_message` stands for. */
export function streamFault(message: string): GenfleetError {
  const code = UNKNOWN_MODEL.test(message) ? 'model_not_found' : 'engine_failed';
  return new GenfleetError(code, `Triton answered: ${reasonOf(message)}`);
}

/** A Python model's error carries its stack; whoever asked for a text has no use for it. */
function reasonOf(details: string): string {
  return (details.split('\n')[0] ?? '').trim().slice(0, REASON_CHARS) || 'no reason given';
}
