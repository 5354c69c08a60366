import { cpuMsOf, type JobFigures } from './job-rows.ts';
import type { Verdict } from './verdict.ts';

/** What Genfleet writes durably for a job where a queue writes its record: the ledger is the point of it. */
const RECORDS = 'three events a job in a ledger that is kept';

/** Genfleet, which comes first, against each of the others. */
export function jobVerdicts([own, ...peers]: readonly JobFigures[]): readonly Verdict[] {
  if (!own) return [];
  return peers.flatMap((peer): Verdict[] => {
    const cpu = `${cpuMsOf(own).toFixed(2)} ms of CPU a job against ${cpuMsOf(peer).toFixed(2)}`;
    const spread = `${cpu}, in one process against ${peer.cpuMs.size}; ${RECORDS}`;
    const row = { peer: peer.name, why: spread };
    return [
      { ...row, ...pair('admittedPerSecond'), row: 'jobs admitted', unit: 'jobs/s', better: 'more' },
      { ...row, ...pair('completedPerSecond'), row: 'jobs completed', unit: 'jobs/s', better: 'more' },
      { ...row, ...pair('p50Ms'), row: 'POST to completed, p50', unit: 'ms', better: 'less' },
      { ...row, ...pair('p99Ms'), row: 'POST to completed, p99', unit: 'ms', better: 'less' },
      {
        ...{ peer: peer.name, why: RECORDS, row: 'CPU of a job', unit: 'ms', better: 'less' },
        ...{ ours: cpuMsOf(own), theirs: cpuMsOf(peer) },
      },
    ];
    function pair(key: 'admittedPerSecond' | 'completedPerSecond' | 'p50Ms' | 'p99Ms') {
      return own ? { ours: own[key], theirs: peer[key] } : { ours: Number.NaN, theirs: Number.NaN };
    }
  });
}
