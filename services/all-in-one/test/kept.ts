import { expect } from '@jest/globals';
import { type Audited, endsOf } from './audit.ts';
import { readAll } from './load.ts';

/**
 * Every promise was kept, once: counted through the API and in the ledger. What stands in the ledger and was promised
 * to nobody, because the answer was lost, was taken back in favour of the one that was.
 */
export async function expectKept(
  url: () => string,
  ids: readonly string[],
  ledger: ReadonlyMap<string, Audited>,
): Promise<void> {
  expect(new Set(ids).size).toBe(ids.length);
  const images = await readAll(url, ids);
  expect(images.filter(({ status }) => status !== 'completed')).toEqual([]);
  const promised = new Set(ids);
  for (const [id, job] of ledger) {
    const ends = new Set(endsOf(job).map(({ type }) => type));
    expect({ id, ends: [...ends] }).toEqual({ id, ends: promised.has(id) ? ['completed'] : ['cancelled'] });
  }
}

/** What `attempt` says is the place of the claim that made the picture among all claims of the job. */
export function expectAttemptsCounted(ledger: ReadonlyMap<string, Audited>): void {
  for (const job of ledger.values()) {
    if (job.state.outcome?.type !== 'completed') continue;
    const { attempt, worker } = job.state.outcome.event;
    expect(job.state.starts[attempt - 1]).toMatchObject({ worker, released: false });
    expect(attempt).toBeLessThanOrEqual(4);
  }
}
