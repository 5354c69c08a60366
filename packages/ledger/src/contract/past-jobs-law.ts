import {
  decodeEvent,
  type EventType,
  evolve,
  type JobEvent,
  type JobState,
  jobIdTimeMs,
  type Kind,
  statusOf,
} from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { firstIdAt } from '../id-bytes.ts';
import { PastJobs } from '../past-jobs.ts';
import type { SqlLedger } from '../sql/sql-ledger.ts';
import type { JobFilter } from '../view.ts';
import { FIXED_LEDGER, jobId } from './fixed-ledger.ts';

const EVENTS = FIXED_LEDGER.map(({ event }) => event);
/** Beyond all jobs. */
const ABOVE = firstIdAt(Date.parse('2030-01-01T00:00:00.000Z'));
const [A, B, C] = [jobId('a'), jobId('b', 60), jobId('c', 120)];
const G = jobId('g', 10);
const at = (text: string) => Date.parse(`2026-03-01T${text}Z`);

const NOON = at('12:00:00');
/** One without a bound; a ledger of a fleet reads all of it where the last days are not enough. */
const QUESTIONS: readonly [
  kind: Kind,
  filter: JobFilter,
  page?: { limit?: number; offset?: number; before?: string },
][] = [
  ['completion', {}],
  ['txt2img', { fromMs: NOON, tenant: 'team-a', status: ['completed', 'cancelled'] }, { limit: 2 }],
  ['txt2img', { fromMs: NOON, status: ['dead'], grouping: 'day', model: 'sdxl' }],
  ['txt2img', { fromMs: NOON, status: ['queued', 'completed'] }, { offset: 1, limit: 2 }],
  ['txt2img', { fromMs: at('12:01:00'), toMs: at('13:00:00') }, { before: C }],
];

/** Jobs that are read by SQL are those that a view of the same topics would hold. */
export function pastJobsLaw(ledgerOf: () => SqlLedger, timeoutMs: number): void {
  const options = () => ({ signal: new AbortController().signal, timeoutMs });

  describe('gives back jobs as a view holds them:', () => {
    it(
      'each by its id, with every event as it was published',
      async () => {
        const jobs = new PastJobs(ledgerOf());
        for (const [kind, id] of [
          ['txt2img', B],
          ['completion', G],
        ] as const) {
          const job = await jobs.job(kind, id, options());
          const published = EVENTS.filter((event) => event.id === id);
          expect(job?.events.map(({ event }) => event)).toEqual(published.map(asSqlTells));
          expect(job?.events.map(({ topic }) => topic)).toEqual(
            FIXED_LEDGER.filter(({ event }) => event.id === id).map(({ topic }) => topic.name),
          );
          expect(job && statusOf(job.state)).toBe(statusOf(stateOf(id)));
          expect(job?.tenant).toBe(published[0]?.tenant);
        }
        const [requested] = (await jobs.job('txt2img', A, options()))?.events ?? [];
        expect(JSON.stringify(requested?.event)).toBe(JSON.stringify(decodeEvent(JSON.stringify(EVENTS[0]))));
        expect(await jobs.job('txt2img', jobId('z', 60), options())).toBeUndefined();
      },
      timeoutMs,
    );

    it(
      'lists of them',
      async () => {
        const jobs = new PastJobs(ledgerOf());
        for (const [kind, filter, { limit = 10, offset = 0, before = ABOVE } = {}] of QUESTIONS) {
          const found = await jobs.jobs(kind, filter, { limit, offset, before }, options());
          const expected = listed(kind, filter).filter((id) => id < before);
          expect([filter, found.map(({ state }) => state.id)]).toEqual([
            filter,
            expected.slice(offset, offset + limit),
          ]);
        }
        const quoted = {
          fromMs: NOON,
          grouping: `night "watch"' or '1' = '1`,
          model: "o'clock \0 \\ \u{1f3a8}",
        };
        expect(await jobs.jobs('txt2img', quoted, { limit: 9, offset: 0, before: ABOVE }, options())).toEqual(
          [],
        );
      },
      timeoutMs,
    );
  });
}

function stateOf(id: string): JobState {
  const events = EVENTS.filter((event) => event.id === id);
  const state = events.reduce<JobState | undefined>(
    (before, event, index) => evolve(before, event, placeOf(event.type, index)),
    undefined,
  );
  if (!state) throw new Error(`no job ${id}`);
  return state;
}

const placeOf = (type: EventType, timeMs: number) => ({ timeMs, type, messageId: String(timeMs) });

function listed(kind: Kind, filter: JobFilter): string[] {
  const ids = new Set(EVENTS.filter((event) => event.kind === kind).map(({ id }) => id));
  return [...ids]
    .filter((id) => {
      const state = stateOf(id);
      const { request } = state;
      const madeMs = jobIdTimeMs(id) ?? 0;
      return (
        (filter.status?.includes(statusOf(state)) ?? true) &&
        (filter.tenant ?? request?.tenant) === request?.tenant &&
        (filter.model ?? request?.settings.model) === request?.settings.model &&
        (filter.grouping ?? request?.metadata['grouping']) === request?.metadata['grouping'] &&
        madeMs >= (filter.fromMs ?? 0) &&
        madeMs < (filter.toMs ?? Number.POSITIVE_INFINITY)
      );
    })
    .sort()
    .reverse();
}

/** In SQL a prompt of token ids is a text. */
function asSqlTells(event: JobEvent): JobEvent {
  if (event.kind !== 'completion' || event.type !== 'requested') return event;
  const prompts = event.settings.prompts?.map((prompt) =>
    typeof prompt === 'string' ? prompt : JSON.stringify(prompt),
  );
  return { ...event, settings: { ...event.settings, ...(prompts ? { prompts } : {}) } };
}
