import { isNativeError } from 'node:util/types';
import { GenfleetError } from '@genfleet/job';

/** Causes followed, and errors of an AggregateError shown; a chain can be a circle. */
const DEPTH = 5;
const TEXT_CHARS = 4_000;

export interface SerializedError {
  readonly type: string;
  readonly message: string;
  /** The code of a GenfleetError, or of the system (`ECONNREFUSED`). */
  readonly code?: string;
  readonly retryable?: boolean;
  readonly stack?: string;
  readonly cause?: SerializedError;
  readonly errors?: readonly SerializedError[];
}

/**
 * What a log line says of anything thrown: type, message, code, stack and the chain of causes. Other properties
 * are left out, since vendors hang requests, headers and keys on their errors.
 */
export function serializeError(thrown: unknown, depth: number = DEPTH): SerializedError {
  if (!isError(thrown)) return { type: typeof thrown, message: describe(thrown) };
  const code: unknown = 'code' in thrown ? thrown.code : undefined;
  const deeper = depth > 1;
  return {
    type: thrown.name,
    message: thrown.message.slice(0, TEXT_CHARS),
    ...(typeof code === 'string' ? { code } : {}),
    ...(thrown instanceof GenfleetError ? { retryable: thrown.retryable } : {}),
    ...(thrown.stack === undefined ? {} : { stack: thrown.stack.slice(0, TEXT_CHARS) }),
    ...(deeper && thrown.cause !== undefined ? { cause: serializeError(thrown.cause, depth - 1) } : {}),
    ...(deeper && thrown instanceof AggregateError
      ? { errors: thrown.errors.slice(0, DEPTH).map((error) => serializeError(error, depth - 1)) }
      : {}),
  };
}

/** Errors of another realm and DOMExceptions are errors too. */
function isError(thrown: unknown): thrown is Error {
  return isNativeError(thrown) || thrown instanceof Error;
}

function describe(thrown: unknown): string {
  try {
    return (typeof thrown === 'object' ? JSON.stringify(thrown) : String(thrown)).slice(0, TEXT_CHARS);
  } catch {
    return '(not readable)';
  }
}
