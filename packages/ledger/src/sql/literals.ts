import { CLOCK_SKEW_MS } from '../clock-skew.ts';

/** A text in SQL, whatever is in it: to an engine's parser a NUL is the end of the query. */
export function textLiteral(text: string): string {
  const parts = text.split('\0').map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.join(' || chr(0) || ');
}

/** A moment as `timestamp '…'` wants it, in UTC; Unix time in ms. */
export function timestampText(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('T', ' ').replace('Z', '');
}

/** The condition under which an engine leaves out what was published before the jobs of this time, and no event of theirs. */
export function publishedFor(jobTimeMs: number): string {
  return `__publish_time__ >= timestamp '${timestampText(Math.max(0, jobTimeMs - CLOCK_SKEW_MS))}'`;
}
