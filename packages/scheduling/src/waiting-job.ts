import { type JobState, PRIORITIES, type Priority } from '@genfleet/job';

/** What choosing looks at of a job that waits. */
export interface WaitingJob {
  readonly id: string;
  readonly tenant: string;
  /** As the client named it. */
  readonly model: string;
  /** Place in `PRIORITIES`: 0 goes first. */
  readonly level: number;
  /** Since when it stands in line, Unix ms. */
  readonly sinceMs: number;
  /** Before this it can't run, Unix ms; 0 for at once. */
  readonly notBeforeMs: number;
}

function levelOf(priority: Priority | undefined): number {
  return PRIORITIES.indexOf(priority ?? 'normal');
}

/** Of a job whose request is known. */
export function waitingJobOf(request: NonNullable<JobState['request']>, sinceMs: number): WaitingJob {
  const { id, tenant, settings, priority, not_before: notBefore } = request;
  return {
    id,
    tenant,
    model: settings.model,
    level: levelOf(priority),
    sinceMs,
    notBeforeMs: notBefore === undefined ? 0 : Date.parse(notBefore),
  };
}
