import { readFileSync } from 'node:fs';
import type { Priority } from '../../packages/job/src/index.ts';

/** One request of a trace. */
export interface Arrival {
  /** From the beginning of the trace. */
  readonly atMs: number;
  readonly tenant: string;
  readonly model: string;
  readonly priority: Priority;
  /** What its run takes, the model being in memory. */
  readonly runMs: number;
}

/** The same numbers for the same seed, 0 ≤ x < 1: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Mix {
  readonly jobs: number;
  /** Mean arrivals per second; they come at random (a Poisson process), in bursts of `burst`. */
  readonly perSecond: number;
  readonly burst: number;
  /** Popularity falls with the place, as 1/place. */
  readonly models: number;
  /** Shares of the requests. */
  readonly tenants: Readonly<Record<string, number>>;
  readonly priorities: Readonly<Record<Priority, number>>;
  readonly meanRunMs: number;
  readonly seed: number;
}

/** A trace drawn at random. Run times are log-normal, σ 0.5. */
export function synthesize(mix: Mix): Arrival[] {
  const random = randomOf(mix.seed);
  const models = Object.fromEntries(
    Array.from({ length: mix.models }, (_, n) => [`model-${n + 1}`, 1 / (n + 1)]),
  );
  const arrivals: Arrival[] = [];
  let atMs = 0;
  while (arrivals.length < mix.jobs) {
    atMs += (-Math.log(1 - random()) * 1_000 * mix.burst) / mix.perSecond;
    // what comes at once comes from one tenant
    const tenant = draw(mix.tenants, random);
    for (let n = 0; n < mix.burst && arrivals.length < mix.jobs; n++) {
      arrivals.push({
        atMs: Math.round(atMs + n),
        tenant,
        model: draw(models, random),
        priority: draw(mix.priorities, random) as Priority,
        runMs: Math.max(50, mix.meanRunMs * Math.exp(0.5 * normal(random) - 0.125)),
      });
    }
  }
  return arrivals;
}

/** A trace that was recorded: JSON lines with the members of `Arrival`. @throws Error naming the line that is none. */
export function readTrace(file: string): Arrival[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines
    .map((line, index) => {
      const { atMs, tenant, model, priority = 'normal', runMs } = JSON.parse(line) as Partial<Arrival>;
      if (typeof atMs !== 'number' || typeof runMs !== 'number' || !tenant || !model) {
        throw new Error(`${file}, line ${index + 1}: no arrival`);
      }
      return { atMs, tenant, model, priority, runMs };
    })
    .sort((a, b) => a.atMs - b.atMs);
}

function draw(shares: Readonly<Record<string, number>>, random: () => number): string {
  const entries = Object.entries(shares);
  let left = random() * entries.reduce((sum, [, share]) => sum + share, 0);
  for (const [name, share] of entries) {
    left -= share;
    if (left < 0) return name;
  }
  return entries.at(-1)?.[0] ?? '';
}

/** Box and Muller, 1958. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
