import type { JobStatus } from './state.ts';

/** What can happen to a job, finer than the event types: a request is a first one, a retry or a redrive. */
export const TRIGGERS = [
  'requested',
  'retried',
  'redriven',
  'started',
  'released',
  'completed',
  'dead',
  'cancelled',
] as const;
export type Trigger = (typeof TRIGGERS)[number];

/**
 * Several statuses where it depends on the claims: whether the one given back was the only one, and whether the
 * attempt that a retry asks for has been claimed by somebody already.
 */
type Next = JobStatus | readonly JobStatus[];

/**
 * What each trigger makes of each status when it is the newest event of the job. Complete by type: a new
 * status or trigger does not compile until its row is written. `evolve` is checked against it, and
 * docs/job-states.md is made from it.
 */
export const TRANSITIONS: Readonly<Record<JobStatus, Readonly<Record<Trigger, Next>>>> = {
  unknown: {
    requested: 'queued',
    retried: 'retrying',
    redriven: 'queued',
    started: 'running',
    released: 'unknown',
    completed: 'completed',
    dead: 'dead',
    cancelled: 'cancelled',
  },
  queued: {
    requested: 'queued',
    retried: 'retrying',
    redriven: 'queued',
    started: 'running',
    released: 'queued',
    completed: 'completed',
    dead: 'dead',
    cancelled: 'cancelled',
  },
  running: {
    requested: 'running',
    retried: ['retrying', 'running'],
    redriven: 'queued',
    started: 'running',
    released: ['unknown', 'queued', 'retrying', 'running'],
    completed: 'completed',
    dead: 'dead',
    cancelled: 'cancelled',
  },
  retrying: {
    requested: 'retrying',
    retried: 'retrying',
    redriven: 'queued',
    started: 'running',
    released: 'retrying',
    completed: 'completed',
    dead: 'dead',
    cancelled: 'cancelled',
  },
  completed: {
    requested: 'completed',
    retried: 'completed',
    redriven: 'queued',
    started: 'completed',
    released: 'completed',
    completed: 'completed',
    dead: 'completed',
    cancelled: 'completed',
  },
  dead: {
    requested: 'dead',
    retried: 'dead',
    redriven: 'queued',
    started: 'dead',
    released: 'dead',
    completed: 'dead',
    dead: 'dead',
    cancelled: 'dead',
  },
  cancelled: {
    requested: 'cancelled',
    retried: 'cancelled',
    redriven: 'queued',
    started: 'cancelled',
    released: 'cancelled',
    completed: 'cancelled',
    dead: 'cancelled',
    cancelled: 'cancelled',
  },
};
