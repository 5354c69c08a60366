import type { JobHistory, JobHistoryEvent } from '@genfleet/client';
import { duration, reason } from '../wording.ts';

/** One event of a job in words. */
export interface Step {
  readonly event: JobHistoryEvent;
  readonly title: string;
  readonly detail: string | undefined;
  /** Since the event before it; undefined for the first. */
  readonly sinceMs: number | undefined;
  /** It came after the job had ended: the first end counts, this changes nothing. */
  readonly isLate: boolean;
}

/** What happened in one run of a job, from its request to its outcome. */
export interface Run {
  /** 0 for the first life of the job, +1 with each redrive. */
  readonly redrive: number;
  readonly attempt: number;
  readonly steps: readonly Step[];
  /** How it failed, as a later message reports it. */
  readonly failure: RunFailure | undefined;
}

export interface RunFailure {
  readonly attempt: number;
  readonly code: string;
  readonly message: string;
}

const ENDS: ReadonlySet<string> = new Set(['completed', 'dead', 'cancelled']);

/** The events of a job by the run they belong to, in the order in which the runs began. */
export function runsOf({ events }: Pick<JobHistory, 'events'>): Run[] {
  const failures = new Map<string, RunFailure>();
  const runs = new Map<string, { redrive: number; attempt: number; steps: Step[] }>();
  const ended = new Set<number>();
  let attempt = 1;
  let beforeMs: number | undefined;
  for (const event of events) {
    const redrive = numberOf(event.event['redrive']) ?? 0;
    // a cancellation names no attempt: it ends the one that was under way
    attempt = event.attempt ?? attempt;
    for (const failure of failuresIn(event)) failures.set(`${redrive}/${failure.attempt}`, failure);
    const key = `${redrive}/${attempt}`;
    const run = runs.get(key) ?? { redrive, attempt, steps: [] };
    const timeMs = Date.parse(event.time);
    run.steps.push({
      event,
      ...(claimWords(event, run.steps) ?? wordsOf(event)),
      sinceMs: beforeMs === undefined ? undefined : Math.max(0, timeMs - beforeMs),
      isLate: ended.has(redrive),
    });
    runs.set(key, run);
    if (ENDS.has(event.type)) ended.add(redrive);
    beforeMs = timeMs;
  }
  return [...runs].map(([key, run]) => {
    const isTold = run.steps.some(({ event }) => event.type === 'dead');
    return { ...run, failure: isTold ? undefined : failures.get(key) };
  });
}

/**
 * Of a claim that is not its run's first: the one that stands moves its time on, or it was in vain. The rule is
 * `countedClaims` of `packages/job`. Undefined for all others.
 */
function claimWords(
  { type, event, time, worker }: JobHistoryEvent,
  before: readonly Step[],
): Pick<Step, 'title' | 'detail'> | undefined {
  const claims = before.map((step) => step.event).filter((earlier) => earlier.type === 'started');
  const claim = textOf(event['claim']);
  const handedBack = new Set(
    claims.filter((earlier) => earlier.event['released'] === true).map((earlier) => earlier.event['claim']),
  );
  const first = claims.find((earlier) => !handedBack.has(earlier.event['claim']));
  if (type !== 'started' || claim === undefined || !first) return undefined;
  const isReleased = event['released'] === true;
  if (first.event['claim'] === claim) {
    return isReleased ? undefined : { title: 'Still running', detail: worker ?? undefined };
  }
  if (isReleased) return { title: 'Left it to the first', detail: worker ?? undefined };
  const until = claims
    .filter((earlier) => earlier.event['claim'] === first.event['claim'])
    .map((earlier) => textOf(earlier.event['ahead_until']))
    .findLast((text) => text !== undefined);
  const isInVain = textOf(event['ahead_until']) !== undefined || (until !== undefined && time < until);
  return isInVain ? { title: 'Claimed in vain', detail: `${worker ?? ''} · another was first` } : undefined;
}

function wordsOf({ type, event, worker }: JobHistoryEvent): Pick<Step, 'title' | 'detail'> {
  switch (type) {
    case 'requested':
      return requestWords(event);
    case 'started':
      return {
        title: event['released'] === true ? 'Handed back unfinished' : 'Started',
        detail: [worker, textOf(event['model'])].filter(Boolean).join(' · ') || undefined,
      };
    case 'completed':
      return { title: 'Completed', detail: timingsLine(event['timings']) };
    case 'dead': {
      const error = recordOf(event['error']);
      const code = textOf(error['code']);
      return {
        title: 'Given up',
        detail: code && `${reason(code)}. ${textOf(error['message']) ?? ''}`.trim(),
      };
    }
    case 'cancelled':
      return { title: 'Cancelled', detail: textOf(event['reason']) };
  }
}

function requestWords(event: JobHistoryEvent['event']): Pick<Step, 'title' | 'detail'> {
  const notBefore = textOf(event['not_before']);
  const wait = notBefore === undefined ? undefined : `not before ${new Date(notBefore).toLocaleTimeString()}`;
  const priority = textOf(event['priority']);
  if ((numberOf(event['attempt']) ?? 1) > 1) return { title: 'Put back in line', detail: wait };
  if ((numberOf(event['redrive']) ?? 0) > 0) return { title: 'Redriven', detail: wait };
  return { title: 'Asked for', detail: priority && `with ${priority} priority` };
}

function timingsLine(timings: unknown): string | undefined {
  const named = recordOf(timings);
  const parts = [
    ['waited', numberOf(named['queued_ms'])],
    ['loaded its model in', numberOf(named['model_load_ms'])],
    ['ran', numberOf(named['generate_ms'])],
    ['stored in', numberOf(named['store_ms'])],
  ] as const;
  const told = parts.filter(([, ms]) => ms !== undefined && ms >= 1);
  return told.map(([name, ms]) => `${name} ${duration(ms ?? 0)}`).join(', ') || undefined;
}

function failuresIn({ event }: JobHistoryEvent): RunFailure[] {
  const listed = Array.isArray(event['failures']) ? event['failures'].map(recordOf) : [];
  return listed.flatMap((failure) => {
    const [attempt, code] = [numberOf(failure['attempt']), textOf(failure['code'])];
    if (attempt === undefined || code === undefined) return [];
    return [{ attempt, code, message: textOf(failure['message']) ?? '' }];
  });
}

/** An event is shown as far as it is understood: it may be of a newer version than this page. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
