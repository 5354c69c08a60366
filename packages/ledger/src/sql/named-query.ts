import { GenfleetError, isUuid, jobIdTimeMs } from '@genfleet/job';
import { CLOCK_SKEW_MS } from '../clock-skew.ts';
import { timestampText } from './literals.ts';
import { NAMED_QUERIES, type NamedQuery } from './named-queries.ts';

export interface NamedQueryParameters {
  /** Only what was published from then on: a date, or a date and time in UTC. Default: all. */
  readonly since?: string | undefined;
  /** Only what happened before then, by the times of the events. Default: all. */
  readonly until?: string | undefined;
  /** Id of the job that `job-history` tells about. */
  readonly job?: string | undefined;
}

/** A parameter of a named query, as the API takes it. */
export interface QueryParameter {
  readonly name: 'from' | 'to' | 'job';
  readonly about: string;
  readonly required: boolean;
}

const FROM = {
  name: 'from',
  about: 'What was published at or after this time; default: all',
  required: false,
} as const;
const TO = { name: 'to', about: 'What happened before this time; default: all', required: false } as const;
const JOB = { name: 'job', about: 'Id of the job', required: true } as const;

/** What the query is asked about. */
export function queryParameters({ sql }: NamedQuery): readonly QueryParameter[] {
  // a job's id says since when
  if (sql.includes('{job}')) return [JOB];
  return sql.includes('{until}') ? [FROM, TO] : [FROM];
}

/** Before everything, and after it. */
const ALL = { since: '1970-01-01', until: '9999-01-01' };

/**
 * The SQL of a named query about these parameters. A job's id carries its time, which bounds what has to be read.
 * @throws GenfleetError `invalid_query` when there is no such query or a parameter is missing or malformed.
 */
export function namedQuery(name: string, parameters: NamedQueryParameters = {}): string {
  const query = NAMED_QUERIES.find((each) => each.name === name);
  if (!query) {
    const names = NAMED_QUERIES.map((each) => each.name).join(', ');
    throw new GenfleetError('invalid_query', `There is no query named ${name}. There are: ${names}.`);
  }
  const { job = '', since = ALL.since, until = ALL.until } = parameters;
  let sinceMs = timeOf(since);
  let { sql } = query;
  if (sql.includes('{job}')) {
    const id = job.toLowerCase();
    if (!isUuid(id)) throw new GenfleetError('invalid_query', `${name} wants the id of a job, not "${job}".`);
    const madeMs = jobIdTimeMs(id);
    if (madeMs !== undefined) sinceMs = Math.max(0, madeMs - CLOCK_SKEW_MS);
    sql = sql.replaceAll('{job}', id);
  }
  return sql
    .replaceAll('{since}', timestampText(sinceMs))
    .replaceAll('{from}', new Date(sinceMs).toISOString())
    .replaceAll('{until}', new Date(timeOf(until)).toISOString());
}

/** Unix time in ms. */
function timeOf(text: string): number {
  const atMs = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z?)?$/.test(text)
    ? Date.parse(text.includes(':') ? `${text.replace(' ', 'T').replace(/Z$/, '')}Z` : text)
    : Number.NaN;
  if (Number.isNaN(atMs)) {
    throw new GenfleetError(
      'invalid_query',
      `"${text}" is no time; wanted: 2026-03-01 or 2026-03-01T12:00Z.`,
    );
  }
  return atMs;
}
