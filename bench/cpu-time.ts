import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second in /proc, on every Linux that Node runs on (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100;

export interface CpuTime {
  /** Of the thread that runs the event loop, in µs; it bounds what one process can do. */
  readonly mainUs: number;
  /** Of all threads, in µs. */
  readonly allUs: number;
}

function ticksOf(stat: string): number {
  // the name in brackets may hold blanks; user and system time are fields 14 and 15 of the whole line
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/**
 * What a process has used so far. Unlike the wall clock it hardly depends on what else runs on the machine.
 * Zero where there is no /proc.
 */
export function cpuTimeOf(pid: number): CpuTime {
  try {
    const us = (path: string) => (ticksOf(readFileSync(path, 'utf8')) * 1_000_000) / TICKS_PER_SECOND;
    const threads = readdirSync(`/proc/${pid}/task`).map((thread) => us(`/proc/${pid}/task/${thread}/stat`));
    return {
      mainUs: us(`/proc/${pid}/task/${pid}/stat`),
      allUs: threads.reduce((sum, each) => sum + each, 0),
    };
  } catch {
    return { mainUs: 0, allUs: 0 };
  }
}
