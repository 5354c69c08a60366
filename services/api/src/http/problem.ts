import { type ErrorCode, GenfleetError, type Kind } from '@genfleet/job';

export interface Fault {
  /** Dotted path from the body's root, or the name of a parameter or header. */
  readonly path: string;
  readonly message: string;
  /** Where in a text of several lines, both from 1. */
  readonly line?: number;
  readonly column?: number;
}

/** A refusal as it goes to the client: problem details (RFC 9457), or OpenAI's error object on `/v1`. */
export interface Problem {
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly Fault[];
  /** `code` of an OpenAI error object. */
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Only `detail` goes into the body: what the seed's clients compare. */
  readonly bare?: boolean;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

export const NOT_FOUND: Readonly<Record<Kind, Problem>> = {
  txt2img: { status: 404, detail: 'Image not found', bare: true },
  completion: { status: 404, detail: 'Completion not found' },
};

const INTERNAL: Problem = {
  status: 500,
  detail: 'An unexpected error occurred. Please try again later.',
};

/** 422 with every fault in one answer. */
export function invalid(errors: readonly Fault[]): Problem {
  return { status: 422, detail: errors.map((fault) => `${fault.path}: ${fault.message}`).join('; '), errors };
}

/** 503 that asks to come back after `seconds`. */
export function unavailable(detail: string, seconds: number): Problem {
  return { status: 503, detail, headers: { 'retry-after': String(seconds) } };
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  not_found: 404,
  artifact_not_found: 404,
  conflict: 409,
  message_too_large: 413,
  queue_full: 503,
  bus_unavailable: 503,
  bus_unauthorized: 503,
  topic_not_found: 503,
  artifacts_failed: 503,
  ledger_failed: 503,
  closed: 503,
};
const RETRY_AFTER_SECONDS = 5;

/** What a client may know of something thrown. Backing services' own words stay in the log. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof GenfleetError) {
    const status = STATUS[thrown.code] ?? 500;
    if (status === 503)
      return unavailable(UNAVAILABLE[thrown.code] ?? 'Not available now', RETRY_AFTER_SECONDS);
    return status === 500 ? INTERNAL : { status, detail: thrown.message };
  }
  const status = statusIn(thrown);
  if (status === 400 && isUriError(thrown))
    return { status, detail: 'The path is not valid: a % in it begins no UTF-8 text' };
  return status === undefined ? INTERNAL : { status, detail: TITLES[status] ?? 'Bad Request' };
}

const UNAVAILABLE: Partial<Record<ErrorCode, string>> = {
  bus_unavailable:
    'The job could not be stored durably: the bus does not answer. It may or may not have been taken.',
  bus_unauthorized: 'The bus refuses this service',
  topic_not_found: 'The topics of this service are not set up',
  artifacts_failed: 'The artifact store does not answer',
  closed: 'The service is stopping',
};

/** Express and Node mark a client's fault (a malformed URL, a broken range) with a status below 500. */
function statusIn(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('status' in thrown)) return undefined;
  const { status } = thrown;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

/** Of decoding a part of the path; errors of another realm are errors too. */
function isUriError(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && 'name' in thrown && thrown.name === 'URIError';
}

/** The body of a problem on every route but `/v1`. */
export function problemBody(problem: Problem): Record<string, unknown> {
  const { status, detail, errors } = problem;
  if (problem.bare) return { detail };
  return {
    type: 'about:blank',
    title: TITLES[status] ?? 'Error',
    status,
    detail,
    ...(errors === undefined ? {} : { errors }),
  };
}

/** What OpenAI calls these; all else is the request's fault or the server's. */
const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
};

/** The same for OpenAI's clients: bad input is 400 there. */
export function openAiError(problem: Problem): { status: number; body: Record<string, unknown> } {
  const status = problem.status === 422 ? 400 : problem.status;
  const type = TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
  const param = problem.errors?.[0]?.path ?? null;
  return { status, body: { error: { message: problem.detail, type, param, code: problem.code ?? null } } };
}
