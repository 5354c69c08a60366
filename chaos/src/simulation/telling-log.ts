import { GenfleetError } from '@genfleet/job';
import type { LogFields, Logger } from '@genfleet/telemetry';
import type { Incarnation } from './incarnation.ts';
import type { Story } from './story.ts';

/** The log of a process as part of the story. */
export function tellingLog(story: Story, owner: Incarnation, bound: LogFields = {}): Logger {
  const line = (fields: LogFields, message: string) => {
    if (!story.lines) return;
    const { jobId, attempt, err } = { ...bound, ...fields };
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
