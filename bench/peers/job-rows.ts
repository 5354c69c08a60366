import { cpuTimeOf } from '../cpu-time.ts';
import { type Contender, cpuSecondsOf } from './contender.ts';
import { startBullMq, startCelery, startGenfleet, startTemporal } from './job-contenders.ts';
import { burst, steady } from './job-load.ts';

const ROUNDS = 3;
const WARM_UP_JOBS = 64;
const STEADY_CLIENTS = 4;

export interface JobSizes {
  readonly jobs: number;
  readonly clients: number;
  readonly steadyJobs: number;
}

export interface JobFigures {
  readonly name: string;
  readonly admittedPerSecond: number;
  readonly completedPerSecond: number;
  /** How often a client looked at each job of the burst. */
  readonly pollsPerJob: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of a job from its POST until it was seen completed, by part, in ms. */
  readonly cpuMs: ReadonlyMap<string, number>;
  /** Of it, on the main thread of the first part: what bounds the rate there, however many cores there are. */
  readonly frontThreadMs: number;
}

type Start = () => Promise<Contender>;

export const JOB_PEERS: Readonly<Record<string, Start>> = {
  bullmq: startBullMq,
  celery: startCelery,
  temporal: startTemporal,
};

/**
 * Genfleet and the peers named, all running at once and loaded in turn, round by round: a busy machine slows them
 * alike. Answers the median of the rounds.
 */
export async function measureJobs(peers: readonly string[], sizes: JobSizes): Promise<readonly JobFigures[]> {
  const starts = [startGenfleet, ...peers.flatMap((name) => JOB_PEERS[name] ?? [])];
  const contenders: Contender[] = [];
  try {
    for (const start of starts) contenders.push(await start());
    for (const { port } of contenders) await burst(port, STEADY_CLIENTS, WARM_UP_JOBS);
    const rounds = contenders.map((): JobFigures[] => []);
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const [index, contender] of contenders.entries()) {
        const figures = await measureOnce(contender, sizes);
        console.log(`round ${round}  ${describe(figures)}`);
        rounds[index]?.push(figures);
      }
    }
    return rounds.map(medianOf);
  } finally {
    for (const contender of contenders) await contender.stop();
  }
}

async function measureOnce(
  { name, port, parts }: Contender,
  { jobs, clients, steadyJobs }: JobSizes,
): Promise<JobFigures> {
  const before = cpuSecondsOf(parts);
  const frontUs = () => cpuTimeOf(parts[0]?.pid ?? 0).mainUs;
  const frontBeforeUs = frontUs();
  const rates = await burst(port, clients, jobs);
  const after = cpuSecondsOf(parts);
  const cpuMs = new Map(
    [...after].map(([part, seconds]) => [part, ((seconds - (before.get(part) ?? 0)) * 1_000) / jobs]),
  );
  const frontThreadMs = (frontUs() - frontBeforeUs) / 1_000 / jobs;
  const times = await steady(port, STEADY_CLIENTS, steadyJobs);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { name, ...rates, p50Ms: at(0.5), p99Ms: at(0.99), cpuMs, frontThreadMs };
}

/** All CPU of a job, in ms. */
export function cpuMsOf({ cpuMs }: JobFigures): number {
  return [...cpuMs.values()].reduce((sum, ms) => sum + ms, 0);
}

function describe(figures: JobFigures): string {
  const { name, admittedPerSecond, completedPerSecond, pollsPerJob, p50Ms, p99Ms, cpuMs } = figures;
  const parts = [...cpuMs].map(([part, ms]) => `${part} ${ms.toFixed(2)}`).join(', ');
  const rates = `${admittedPerSecond.toFixed(0).padStart(6)} admitted/s ${completedPerSecond.toFixed(0).padStart(6)} completed/s`;
  const times = `p50 ${p50Ms.toFixed(1).padStart(6)} ms p99 ${p99Ms.toFixed(1).padStart(6)} ms`;
  const rest = `${pollsPerJob.toFixed(1)} polls and CPU ms a job: ${parts}`;
  return `${name.padEnd(9)} ${rates}  ${times}  ${rest}`;
}

/** The median of each figure: a round that was disturbed does not count. */
function medianOf(rounds: readonly JobFigures[]): JobFigures {
  const median = (of: (figures: JobFigures) => number) =>
    rounds.map(of).toSorted((a, b) => a - b)[rounds.length >> 1] ?? Number.NaN;
  const [first] = rounds;
  if (!first) throw new Error('there was no round');
  return {
    name: first.name,
    admittedPerSecond: median((one) => one.admittedPerSecond),
    completedPerSecond: median((one) => one.completedPerSecond),
    pollsPerJob: median((one) => one.pollsPerJob),
    p50Ms: median((one) => one.p50Ms),
    p99Ms: median((one) => one.p99Ms),
    cpuMs: new Map([...first.cpuMs.keys()].map((part) => [part, median((one) => one.cpuMs.get(part) ?? 0)])),
    frontThreadMs: median((one) => one.frontThreadMs),
  };
}
