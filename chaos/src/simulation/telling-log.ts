import { GenfleetError } from '@genfleet/job';
import type { LogFields, Logger } from '@genfleet/telemetry';
import type { Incarnation } from './incarnation.ts';
import type { Story } from './story.ts';

/** The log of a process as part of the story. */
export function tellingLog(story: Story, owner: Incarnation, bound: LogFields = {}): Logger {
  const line = (fields: LogFields, message: string) => {
    const { jobId, attempt, err } = { ...bound, ...fields };
    if (isBug(err)) story.violated(`${owner.name} met a bug: ${message}: ${String(err)}`);
    if (!story.lines) return;
    const of =
      jobId === undefined ? '' : `${story.name(jobId)}${attempt === undefined ? '' : `#${attempt}`}: `;
    const why =
      err instanceof GenfleetError ? ` (${err.code}: ${err.message})` : err ? ` (${String(err)})` : '';
    story.tell(owner.name, `  ${of}${message}${why}`);
  };
  return {
    debug: line,
    info: line,
    warn: line,
    error: line,
    with: (fields) => tellingLog(story, owner, { ...bound, ...fields }),
  };
}

/** The product throws and reports GenfleetErrors; timers end with an AbortError. */
function isBug(err: unknown): boolean {
  const { cause } = err instanceof GenfleetError ? err : { cause: err };
  return cause instanceof TypeError || cause instanceof ReferenceError || cause instanceof RangeError;
}
