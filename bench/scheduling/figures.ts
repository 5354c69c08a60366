import type { Arrival } from './trace.ts';

/** What became of one arrival. */
export interface Served {
  readonly arrival: Arrival;
  readonly worker: string;
  readonly startMs: number;
  readonly endMs: number;
  /** The worker had to load the model first. */
  readonly swapped: boolean;
}

export interface Figures {
  readonly swapsPerJob: number;
  readonly p50WaitMs: number;
  readonly p99WaitMs: number;
  /** Over the tenants that waited, mean of all minutes in which two or more did. */
  readonly jain: number;
  /** From the first arrival to the last end. */
  readonly makespanMs: number;
  readonly highP99WaitMs: number | undefined;
}

const MINUTE_MS = 60_000;

export function figuresOf(served: readonly Served[]): Figures {
  const waits = served.map(waitOf).sort((a, b) => a - b);
  const high = served
    .filter(({ arrival }) => arrival.priority === 'high')
    .map(waitOf)
    .sort((a, b) => a - b);
  return {
    swapsPerJob: served.filter(({ swapped }) => swapped).length / served.length,
    p50WaitMs: at(waits, 0.5) ?? 0,
    p99WaitMs: at(waits, 0.99) ?? 0,
    jain: meanJain(served),
    makespanMs: Math.max(...served.map(({ endMs }) => endMs)) - (served[0]?.arrival.atMs ?? 0),
    highP99WaitMs: at(high, 0.99),
  };
}

const waitOf = ({ arrival, startMs }: Served) => startMs - arrival.atMs;

function at(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/**
 * Jain's index (Jain, Chiu and Hawe, 1984), (Σx)² / (n Σx²), of the time that tenants were served in a minute, over
 * those that had something waiting all through it: 1 where all had the same, 1/n where one had everything.
 */
function meanJain(served: readonly Served[]): number {
  const minutes = new Map<number, Map<string, number>>();
  const waiting = new Map<number, Set<string>>();
  for (const { arrival, startMs, endMs } of served) {
    const last = Math.floor(startMs / MINUTE_MS) - 1;
    for (let minute = Math.ceil(arrival.atMs / MINUTE_MS); minute <= last; minute++) {
      waiting.set(minute, (waiting.get(minute) ?? new Set()).add(arrival.tenant));
    }
    for (let minute = Math.floor(startMs / MINUTE_MS); minute * MINUTE_MS < endMs; minute++) {
      const from = Math.max(startMs, minute * MINUTE_MS);
      const until = Math.min(endMs, (minute + 1) * MINUTE_MS);
      const tenants = minutes.get(minute) ?? new Map<string, number>();
      tenants.set(arrival.tenant, (tenants.get(arrival.tenant) ?? 0) + until - from);
      minutes.set(minute, tenants);
    }
  }
  const indices = [...waiting]
    .filter(([, tenants]) => tenants.size > 1)
    .map(([minute, tenants]) => {
      const shares = [...tenants].map((tenant) => minutes.get(minute)?.get(tenant) ?? 0);
      const sum = shares.reduce((total, share) => total + share, 0);
      const squares = shares.reduce((total, share) => total + share * share, 0);
      return squares === 0 ? 1 : (sum * sum) / (shares.length * squares);
    });
  return indices.length === 0 ? 1 : indices.reduce((sum, index) => sum + index, 0) / indices.length;
}
