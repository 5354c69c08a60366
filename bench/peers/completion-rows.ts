import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Verdict } from './verdict.ts';

/** What bench/completions.ts says of one contender under one load. */
interface CompletionFigures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUs: number;
}

type Results = ReadonlyMap<string, ReadonlyMap<string, CompletionFigures>>;

/** Loads of that bench in which everybody goes as fast as it can. */
const LOADS = ['whole c=1', 'whole c=16', 'stream c=1', 'stream c=16'];
const OURS = 'Genfleet';
const PEERS = ['Portkey', 'LiteLLM'];

/** Runs bench/completions.ts, which prints its own tables. @throws Error when it fails. */
export async function measureCompletions(): Promise<readonly Verdict[]> {
  const script = join(import.meta.dirname, '../completions.ts');
  const names = [OURS, ...PEERS].map((name) => name.toLowerCase());
  const child = fork(script, names, {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
  });
  const stop = () => child.kill('SIGKILL');
  process.on('exit', stop);
  let results: Results | undefined;
  child.on('message', (message) => {
    results = message as Results;
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('exit', stop);
  if (code !== 0 || !results) throw new Error(`bench/completions.ts ended with ${code}`);
  return completionVerdicts(results);
}

function completionVerdicts(results: Results): readonly Verdict[] {
  return LOADS.flatMap((load) =>
    PEERS.flatMap((peer): Verdict[] => {
      const own = results.get(load)?.get(OURS);
      const other = results.get(load)?.get(peer);
      if (!own || !other) return [];
      const cpu = `${own.cpuUs.toFixed(0)} µs of CPU a request against ${other.cpuUs.toFixed(0)}`;
      const why = `${cpu}; each is a job with two events on a durable topic, where a proxy keeps nothing`;
      const row = { peer, why };
      return [
        {
          ...{ ...row, row: `completions, ${load}`, unit: 'requests/s', better: 'more' },
          ...{ ours: own.perSecond, theirs: other.perSecond },
        },
        {
          ...{ ...row, row: `completions, ${load}, p99`, unit: 'ms', better: 'less' },
          ...{ ours: own.p99Ms, theirs: other.p99Ms },
        },
      ];
    }),
  );
}
