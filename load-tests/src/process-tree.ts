import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second and bytes of a page in /proc, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4_096;

/** What a process and all it started use. */
export interface Usage {
  /** CPU time so far, of all that still run. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** Undefined where there is no /proc, or the process is gone. */
export function usageOfTree(root: number): Usage | undefined {
  const processes = readProcesses();
  if (!processes.has(root)) return undefined;
  const family = new Set([root]);
  // a child has a greater number than its parent until numbers start over: go on until nobody is new
  for (let known = 0; known < family.size; ) {
    known = family.size;
    for (const [pid, { parent }] of processes) if (family.has(parent)) family.add(pid);
  }
  const used = [...family].map((pid) => processes.get(pid));
  return {
    cpuSeconds: used.reduce((sum, one) => sum + (one?.ticks ?? 0), 0) / TICKS_PER_SECOND,
    residentBytes: used.reduce((sum, one) => sum + (one?.pages ?? 0), 0) * PAGE_BYTES,
  };
}

interface Stat {
  readonly parent: number;
  readonly ticks: number;
  readonly pages: number;
}

function readProcesses(): ReadonlyMap<number, Stat> {
  const found = new Map<number, Stat>();
  for (const pid of numbersIn('/proc')) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // the name in brackets may hold blanks; after it come state, parent, and from the 12th on the times
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      const [parent = 0, user = 0, system = 0, pages = 0] = [1, 11, 12, 21].map((at) => fields[at]);
      found.set(pid, { parent, ticks: user + system, pages });
    } catch {
      // it ended meanwhile
    }
  }
  return found;
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}
