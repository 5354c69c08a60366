import type { ImageEvent } from '@genfleet/client';
import { attemptOf, type JobState, statusOf } from '@genfleet/job';

type DataOf<Type extends ImageEvent['type']> = Extract<ImageEvent, { type: Type }>['data'];

/** A durable event of a job's life. Terminal ones carry the whole job, which the stream adds. */
export type Milestone = { readonly place: Place } & (
  | { readonly type: 'queued'; readonly data: Omit<DataOf<'queued'>, 'queue'> }
  | { readonly type: 'started'; readonly data: DataOf<'started'> }
  | { readonly type: 'retrying'; readonly data: DataOf<'retrying'> }
  | { readonly type: 'completed' | 'dead' | 'cancelled' }
);

/**
 * Redrive, attempt, phase. Derived from the job's state alone, so an id given out by one replica means the
 * same on every other and after a restart.
 */
export type Place = readonly [redrive: number, attempt: number, phase: number];

const QUEUED = 0;
const STARTED = 1;
const FAILED = 2;
const END_ATTEMPT = 99;

/** All that is known of the current life, in order of place. */
export function milestonesOf(state: JobState): Milestone[] {
  const { id, redrive, request } = state;
  if (!request) return [];
  const milestones: Milestone[] = [
    { type: 'queued', place: [redrive, 0, QUEUED], data: { id, attempt: 1, time: request.request_time } },
  ];
  for (const { claim, time, model } of state.starts) {
    const attempt = attemptOf(state, claim);
    if (attempt === undefined) continue;
    milestones.push({
      type: 'started',
      place: [redrive, attempt, STARTED],
      data: { id, attempt, time, model },
    });
  }
  for (const { attempt, time, code, message } of request.failures) {
    const isLast = attempt === request.attempt - 1;
    const not_before = (isLast ? request.not_before : undefined) ?? null;
    const data = { id, attempt, time, code, message, not_before };
    milestones.push({ type: 'retrying', place: [redrive, attempt, FAILED], data });
  }
  const status = statusOf(state);
  if (status === 'completed' || status === 'dead' || status === 'cancelled') {
    milestones.push({ type: status, place: [redrive, END_ATTEMPT, QUEUED] });
  }
  return milestones.sort((a, b) => comparePlace(a.place, b.place));
}

export function comparePlace(a: Place, b: Place): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

export function eventIdOf(place: Place): string {
  return place.join('.');
}

/** Undefined for what is not an id of this stream: then it starts from the beginning. */
export function parseEventId(text: string | undefined): Place | undefined {
  const match = /^(\d{1,9})\.(\d{1,3})\.(\d)$/.exec(text ?? '');
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined;
}
