import { GenfleetError } from '@genfleet/job';

/** Servers and proxies in front of them may repeat in their words what they were sent. */
export function withoutSecret(error: GenfleetError, secret: string | undefined): GenfleetError {
  if (!secret || !error.message.includes(secret)) return error;
  // the cause holds the same words
  return new GenfleetError(error.code, error.message.replaceAll(secret, '(hidden)'), {
    retryable: error.retryable,
  });
}
