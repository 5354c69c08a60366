import { countedClaims } from '@genfleet/job';
import { expect } from '@jest/globals';
import { type Audited, endsOf } from './audit.ts';
import { readAll } from './load.ts';

/**
 * Every promise was kept, once: counted through the API and in the ledger. A request whose answer was lost may stand
 * in the ledger beside the one that was promised in its place; it has ended as well, taken back or made in time.
 */
export async function expectKept(
  url: () => string,
  ids: readonly string[],
  ledger: ReadonlyMap<string, Audited>,
): Promise<void> {
  expect(new Set(ids).size).toBe(ids.length);
  const images = await readAll(url, ids);
  expect(images.filter(({ status }) => status !== 'completed')).toEqual([]);
  for (const id of ids) {
    const job = ledger.get(id);
    const ends = new Set(job && endsOf(job).map(({ type }) => type));
    expect({ id, ends: [...ends] }).toEqual({ id, ends: ['completed'] });
  }
  const openEnded = [...ledger.values()].filter(({ state }) => state.outcome === undefined);
  expect(openEnded).toEqual([]);
}

/** What `attempt` says is the place of the claim that made the picture among those of the job that count. */
export function expectAttemptsCounted(ledger: ReadonlyMap<string, Audited>): void {
  for (const job of ledger.values()) {
    if (job.state.outcome?.type !== 'completed') continue;
    const { attempt, worker } = job.state.outcome.event;
    expect(countedClaims(job.state.starts)[attempt - 1]?.start).toMatchObject({ worker, released: false });
    expect(attempt).toBeLessThanOrEqual(4);
  }
}
