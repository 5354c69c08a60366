import { type JobState, PRIORITIES, type Priority } from '@genfleet/job';

/** What choosing looks at of a job that waits. */
export interface WaitingJob {
  readonly id: string;
  readonly tenant: string;
  /** As the client named it. */
  readonly model: string;
  /** Place in `PRIORITIES`: 0 goes first. */
  readonly level: number;
  /** Since when it could run, Unix ms: it stands in line, and the wait before a retry is over. */
  readonly sinceMs: number;
}

/** Place in `PRIORITIES`. */
export function levelOf(priority: Priority | undefined): number {
  return PRIORITIES.indexOf(priority ?? 'normal');
}

/** Of a job whose request is known and stands in line since `linedUpMs`. */
export function waitingJobOf(request: NonNullable<JobState['request']>, linedUpMs: number): WaitingJob {
  const { id, tenant, settings, priority, not_before: notBefore } = request;
  return {
    id,
    tenant,
    model: settings.model,
    level: levelOf(priority),
    sinceMs: notBefore === undefined ? linedUpMs : Math.max(linedUpMs, Date.parse(notBefore)),
  };
}
