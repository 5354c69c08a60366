import { GenfleetError } from '@genfleet/job';

const LATE = 'no answer in time';

interface Where {
  readonly bucket: string;
  /** The address, or the region for Amazon's. */
  readonly at: string;
}

const REFUSED = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'AccessDenied',
  'Forbidden',
  'ExpiredToken',
  'InvalidToken',
  'RequestTimeTooSkewed',
  'XAdminUserNotFound',
  'AuthorizationHeaderMalformed',
]);
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
]);
const FULL = new Set(['QuotaExceeded', 'XMinioStorageFull', 'InsufficientStorage', 'EntityTooLarge']);

/** By shape: what Node and the SDK throw are not all instances of this realm's `Error`. */
interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

/** The reason in words, from the names that S3 and Node give to what went wrong. */
function reasonOf(error: SdkError, where: Where): string {
  const { name, message } = error;
  const status = error.$metadata?.httpStatusCode;
  // the SDK wraps errors that it does not recognise, and keeps no more than their text
  const code = typeof error.code === 'string' ? error.code : (/\b(E[A-Z_]{3,})\b/.exec(message)?.[1] ?? '');
  if (name === 'NoSuchBucket') return `the bucket ${where.bucket} does not exist`;
  if (name === 'CredentialsProviderError') return 'no credentials were given and none were found';
  if (REFUSED.has(name) || status === 401 || status === 403)
    return `the credentials were refused (${name}: ${message})`;
  if (FULL.has(name) || status === 507) return `the store is full (${name})`;
  if (UNREACHABLE.has(code)) return `nobody answers (${code})`;
  if (name === 'TimeoutError' || name === 'AbortError') return LATE;
  if (status !== undefined && status >= 500) return `the server failed (${status} ${name})`;
  return `${name}: ${message}`;
}

/**
 * Everything that S3 or the way to it can answer, as the port's error with the vendor's as cause. `isLate` says
 * that our own time limit ended the call, whatever came of that.
 */
export function explain(what: string, error: unknown, where: Where, isLate: boolean): GenfleetError {
  if (error instanceof GenfleetError) return error;
  const known: SdkError = isNamed(error) ? error : new Error(String(error));
  if (known.name === 'NoSuchKey')
    return new GenfleetError('artifact_not_found', `${what}: no such artifact`, { cause: error });
  const message = `can't ${what} in bucket ${where.bucket} at ${where.at}: ${isLate ? LATE : reasonOf(known, where)}`;
  return new GenfleetError('artifacts_failed', message, { cause: error });
}

function isNamed(error: unknown): error is SdkError {
  return typeof error === 'object' && error !== null && 'name' in error && 'message' in error;
}
