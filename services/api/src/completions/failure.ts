import { type ErrorCode, isPastDeadline, type Outcome, type RequestedEvent } from '@genfleet/job';
import { invalid, type Problem, unavailable } from '../http/problem.ts';
import { contextLengthExceeded } from './check-completion.ts';

export const SUPERSEDED: Problem = {
  status: 409,
  detail: 'A newer request of the same session superseded this one',
  code: 'superseded',
};
export const TIMED_OUT: Problem = {
  status: 504,
  detail: 'The completion was not ready by its deadline',
  code: 'timeout',
};
export const BROKEN: Problem = {
  status: 502,
  detail: 'The text was lost on its way; send the request again',
  code: 'stream_broken',
};

/** What a job that ended without a text tells its client. A worker that sees the deadline pass first cancels it. */
export function failureOf(
  request: Pick<RequestedEvent, 'deadline'>,
  outcome: Exclude<Outcome, { type: 'completed' }>,
): Problem {
  if (outcome.type === 'cancelled') {
    if (isPastDeadline(request, Date.parse(outcome.time))) return TIMED_OUT;
    return { status: 409, detail: `The job was cancelled: ${outcome.reason}`, code: 'cancelled' };
  }
  const { code, message } = outcome.event.error;
  return PROBLEMS[code]?.(message) ?? { status: 500, detail: message, code };
}

/** Whose fault it was: what the client can mend is 400 and 404, what passes is 503. */
const PROBLEMS: Partial<Record<ErrorCode, (message: string) => Problem>> = {
  context_length_exceeded: contextLengthExceeded,
  prompt_rejected: (message) => ({ ...invalid([{ path: 'prompt', message }]), detail: message }),
  invalid_settings: (message) => ({ status: 400, detail: message, code: 'invalid_settings' }),
  model_not_found: (detail) => ({ status: 404, detail, code: 'model_not_found' }),
  deadline_exceeded: () => TIMED_OUT,
  engine_unreachable: () => unavailable('The model does not answer', 5),
  out_of_memory: () => unavailable('The model is out of memory', 5),
};
