import { cpuMsOf, type JobFigures } from './job-rows.ts';
import type { Verdict } from './verdict.ts';

/** Genfleet, which comes first, against each of the others. */
export function jobVerdicts([own, ...peers]: readonly JobFigures[]): readonly Verdict[] {
  if (!own) return [];
  return peers.flatMap((peer): Verdict[] => {
    const why = whyOf(own, peer);
    const pair = (of: (figures: JobFigures) => number) => ({
      ...{ peer: peer.name, why, ours: of(own), theirs: of(peer) },
    });
    return [
      { ...pair((one) => one.admittedPerSecond), row: 'jobs admitted', unit: 'jobs/s', better: 'more' },
      { ...pair((one) => one.completedPerSecond), row: 'jobs completed', unit: 'jobs/s', better: 'more' },
      { ...pair((one) => one.p50Ms), row: 'POST to completed, p50', unit: 'ms', better: 'less' },
      { ...pair((one) => one.p99Ms), row: 'POST to completed, p99', unit: 'ms', better: 'less' },
      { ...pair(cpuMsOf), row: 'CPU of a job', unit: 'ms', better: 'less' },
    ];
  });
}

/** Where a job's CPU time goes in this run. */
function whyOf(own: JobFigures, peer: JobFigures): string {
  const thread = `one thread does ${own.frontThreadMs.toFixed(1)} of a job's ${cpuMsOf(own).toFixed(1)} ms of CPU`;
  const shares = [...peer.cpuMs].map(([part, ms]) => `${part} ${ms.toFixed(1)}`).join(', ');
  const polls = `${own.pollsPerJob.toFixed(1)} polls a job against ${peer.pollsPerJob.toFixed(1)}`;
  return `${thread}, ${peer.name} has ${shares}; ${polls}; a job is three records in a ledger`;
}
