import { cpuSecondsOf } from './contender.ts';
import { type Painter, startGenfleet } from './image-contenders.ts';
import { startBentoMl, startRayServe } from './image-peers.ts';
import type { Verdict } from './verdict.ts';

const CLIENTS = 8;
const ROUNDS = 2;

interface ImageFigures {
  readonly name: string;
  readonly perSecond: number;
  /** Time in which the model ran, of all. */
  readonly busyShare: number;
  /** From the request until the picture is there, less the time that the model ran for it. */
  readonly waitP50Ms: number;
  readonly waitP99Ms: number;
  readonly generateMs: number;
  /** CPU of a picture by part, in ms. */
  readonly cpuMs: ReadonlyMap<string, number>;
  /** What the model would take of it if nothing were shown before the picture is done, where that can be had. */
  readonly bareCpuMs?: number;
}

/** By the name that `--peers` takes. */
export const IMAGE_PEERS: Readonly<Record<string, () => Promise<Painter>>> = {
  bentoml: startBentoMl,
  ray: startRayServe,
};

/**
 * Genfleet and the peers named, the same demo model in Diffusers on one thread behind each: eight clients ask for pictures, each for its next once it
 * has the last in hand. In turn, round by round, so that a busy machine slows them alike.
 */
export async function measureImages(
  peers: readonly string[],
  images: number,
): Promise<readonly ImageFigures[]> {
  const starts = [startGenfleet, ...peers.flatMap((name) => IMAGE_PEERS[name] ?? [])];
  const painters: Painter[] = [];
  try {
    for (const start of starts) painters.push(await start());
    // the first ones load and warm the model
    for (const painter of painters) await burst(painter, CLIENTS);
    const rounds = painters.map((): Burst[] => []);
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const [index, painter] of painters.entries()) {
        rounds[index]?.push(await burst(painter, images / ROUNDS));
      }
    }
    const all: ImageFigures[] = [];
    for (const [index, { name, cpuMsWithoutPreviews }] of painters.entries()) {
      const bareCpuMs = await cpuMsWithoutPreviews?.();
      const figures = figuresOf(name, rounds[index] ?? []);
      all.push(bareCpuMs === undefined ? figures : { ...figures, bareCpuMs });
    }
    for (const figures of all) console.log(describe(figures));
    return all;
  } finally {
    for (const painter of painters) await painter.stop();
  }
}

interface Burst {
  readonly tookMs: number;
  readonly generateMs: readonly number[];
  readonly waitsMs: readonly number[];
  readonly cpuSeconds: ReadonlyMap<string, number>;
}

async function burst({ parts, paint }: Painter, images: number): Promise<Burst> {
  const generateMs: number[] = [];
  const waitsMs: number[] = [];
  let next = 0;
  const before = cpuSecondsOf(parts);
  const startMs = performance.now();
  const client = async () => {
    while (next < images) {
      next += 1;
      const askedMs = performance.now();
      const picture = await paint(next);
      waitsMs.push(performance.now() - askedMs - picture.generateMs);
      generateMs.push(picture.generateMs);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const tookMs = performance.now() - startMs;
  const after = cpuSecondsOf(parts);
  const used = [...after].map(([part, seconds]) => [part, seconds - (before.get(part) ?? 0)] as const);
  return { tookMs, generateMs, waitsMs, cpuSeconds: new Map(used) };
}

function figuresOf(name: string, bursts: readonly Burst[]): ImageFigures {
  const tookMs = sum(bursts.map((one) => one.tookMs));
  const generateMs = bursts.flatMap((one) => one.generateMs);
  const waitsMs = bursts.flatMap((one) => one.waitsMs).toSorted((a, b) => a - b);
  const at = (share: number) => waitsMs[Math.floor(waitsMs.length * share)] ?? Number.NaN;
  const parts = [...(bursts[0]?.cpuSeconds.keys() ?? [])];
  const cpuMsOf = (part: string) => sum(bursts.map((one) => one.cpuSeconds.get(part) ?? 0)) * 1_000;
  return {
    name,
    perSecond: (waitsMs.length * 1_000) / tookMs,
    busyShare: sum(generateMs) / tookMs,
    waitP50Ms: at(0.5),
    waitP99Ms: at(0.99),
    generateMs: sum(generateMs) / generateMs.length,
    cpuMs: new Map(parts.map((part) => [part, cpuMsOf(part) / waitsMs.length])),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function describe({ name, perSecond, busyShare, waitP50Ms, waitP99Ms, generateMs, cpuMs }: ImageFigures) {
  const parts = [...cpuMs].map(([part, ms]) => `${part} ${ms.toFixed(0)}`).join(', ');
  const rate = `${perSecond.toFixed(2).padStart(6)} images/s, model busy ${busyShare.toFixed(3)}`;
  const wait = `wait p50 ${waitP50Ms.toFixed(0)} ms p99 ${waitP99Ms.toFixed(0)} ms`;
  return `${name.padEnd(9)} ${rate}, a run ${generateMs.toFixed(0)} ms, ${wait}  CPU ms an image: ${parts}`;
}

/** Genfleet, which comes first, against each of the others. */
export function imageVerdicts([own, ...peers]: readonly ImageFigures[]): readonly Verdict[] {
  if (!own) return [];
  return peers.flatMap((peer): Verdict[] => {
    const why = whyOf(own, peer);
    const row = { peer: peer.name, why };
    return [
      { ...row, ...pair('perSecond'), row: 'images', unit: 'images/s', better: 'more' },
      { ...row, ...pair('busyShare'), row: 'model busy', unit: 'share of the time', better: 'more' },
      { ...row, ...pair('waitP50Ms'), row: 'wait for an image, p50', unit: 'ms', better: 'less' },
      { ...row, ...pair('waitP99Ms'), row: 'wait for an image, p99', unit: 'ms', better: 'less' },
    ];
    function pair(key: 'perSecond' | 'busyShare' | 'waitP50Ms' | 'waitP99Ms') {
      return own ? { ours: own[key], theirs: peer[key] } : { ours: Number.NaN, theirs: Number.NaN };
    }
  });
}

/** Whether the time goes into the model's runs or between them, and what previews have in it. */
function whyOf(own: ImageFigures, peer: ImageFigures): string {
  const betweenMs = (one: ImageFigures) => (1_000 / one.perSecond - one.generateMs).toFixed(1);
  const cpuMs = (one: ImageFigures) => sum([...one.cpuMs.values()]).toFixed(0);
  const bare =
    own.bareCpuMs === undefined ? '' : ` (its model alone ${own.bareCpuMs.toFixed(0)} without previews)`;
  const cpu = `${cpuMs(own)} ms of CPU an image${bare} against ${cpuMs(peer)}`;
  return `${cpu}; between two runs ${betweenMs(own)} ms against ${betweenMs(peer)}`;
}
