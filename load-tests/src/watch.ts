import { setTimeout as sleep } from 'node:timers/promises';
import { sumsIn } from '../prometheus.ts';
import { type Usage, usageOfTree } from './process-tree.ts';

/** What the product needed while it was watched. */
export interface Watched {
  /** Cores it kept busy, on average and in the busiest second. */
  readonly cores: { readonly mean: number; readonly most: number };
  readonly residentMb: number;
  /** Seconds of work in a second, summed over texts that are written at once. */
  readonly engineBusy: number;
  /** Jobs in line and running. */
  readonly openJobs: number;
}

interface Look extends Usage {
  readonly atMs: number;
  readonly busySeconds: number;
  readonly openJobs: number;
}

const LOOK_MS = 1_000;
const SAID_EVERY_LOOKS = 5;
const ANSWER_MS = 5_000;

/** What `/metrics` says now. @throws Error when it does not answer. */
async function readMetrics(baseUrl: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${baseUrl}/metrics`, { signal: AbortSignal.timeout(ANSWER_MS) });
  return sumsIn(await response.text());
}

/** @throws as `readMetrics` */
export async function openJobs(baseUrl: string): Promise<number> {
  return (await readMetrics(baseUrl)).get('genfleet_jobs') ?? 0;
}

/** One process of a fleet is all that `/metrics` of the address speaks of; of our own we see what it started too. */
async function look(baseUrl: string, pid: number | undefined): Promise<Look> {
  const metrics = await readMetrics(baseUrl);
  const tree = pid === undefined ? undefined : usageOfTree(pid);
  return {
    atMs: performance.now(),
    busySeconds: metrics.get('genfleet_engine_busy_seconds_total') ?? 0,
    openJobs: metrics.get('genfleet_jobs') ?? 0,
    cpuSeconds: tree?.cpuSeconds ?? metrics.get('process_cpu_seconds_total') ?? 0,
    residentBytes: tree?.residentBytes ?? metrics.get('process_resident_memory_bytes') ?? 0,
  };
}

/** Looks at the product each second until `signal` aborts, and tells `say` now and then. Never rejects. */
export async function watchProduct(
  baseUrl: string,
  pid: number | undefined,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Watched | undefined> {
  const looks: Look[] = [];
  while (!signal.aborted) {
    // one that does not answer in time is under load; the scenario counts that
    const now = await look(baseUrl, pid).catch(() => undefined);
    if (now) looks.push(now);
    if (now && looks.length % SAID_EVERY_LOOKS === 0) say(lineOf(looks));
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  return summaryOf(looks);
}

function lineOf(looks: readonly Look[]): string {
  const [first, last] = [looks[0], looks.at(-1)];
  const seconds = ((last?.atMs ?? 0) - (first?.atMs ?? 0)) / 1_000;
  const cores = coresBetween(looks.at(-SAID_EVERY_LOOKS), last);
  const megabytes = (last?.residentBytes ?? 0) / 2 ** 20;
  return `${seconds.toFixed(0)} s: ${last?.openJobs ?? 0} jobs open, ${cores.toFixed(2)} cores, ${megabytes.toFixed(0)} MB`;
}

function coresBetween(from: Look | undefined, to: Look | undefined): number {
  if (!from || !to || from === to) return 0;
  return (1_000 * (to.cpuSeconds - from.cpuSeconds)) / (to.atMs - from.atMs);
}

function summaryOf(looks: readonly Look[]): Watched | undefined {
  const [first, last] = [looks[0], looks.at(-1)];
  if (!first || !last || first === last) return undefined;
  return {
    cores: {
      mean: coresBetween(first, last),
      most: Math.max(...looks.map((one, index) => coresBetween(looks[index - 1], one))),
    },
    residentMb: Math.max(...looks.map(({ residentBytes }) => residentBytes)) / 2 ** 20,
    engineBusy: (1_000 * (last.busySeconds - first.busySeconds)) / (last.atMs - first.atMs),
    openJobs: Math.max(...looks.map((one) => one.openJobs)),
  };
}
