import { randomUUID } from 'node:crypto';
import type { StageName } from '../fleet/backing.ts';
import { FAILING } from '../fleet/model-container.ts';
import { POINT_NAMES, POINTS, type Point } from '../inside/points.ts';
import { within } from '../within.ts';
import { EVERYWHERE, type Experiment, type Scene } from './experiment.ts';
import { memberAt } from './member-at.ts';

/** For a process to come past a point that it passes with every job. */
const PASSES_MS = 30_000;
/** A step so slow that no run ends within the grace of a worker that is told to stop, and none hangs. */
const LONG_STEP_MS = 2_000;
/** How many passages it lives through, so that it dies with some history. */
const PASSAGE = 2;
/** Ends the name of a claim; a file may be written anew. */
const CLAIM = '.json';
const CANCEL_TRIES = 20;
/** One of each service, and those at which a broken build is noticed. */
const SHORT: Partial<Record<Point, readonly StageName[]>> = {
  'request.sent': ['embedded'],
  'artifact.half': ['embedded'],
  'completed.unsent': EVERYWHERE,
  'archive.claimed': ['embedded'],
};

async function killAt(point: Point, scene: Scene): Promise<void> {
  const member = memberAt(point, scene.fleet);
  const death = member.death();
  const of = point === 'archive.half' ? CLAIM : '';
  member.order({ do: 'kill', at: point, passage: PASSAGE, of });
  await within(PASSES_MS, `${member.name} to pass ${point}`, death);
}

/** Whichever worker comes past the point with this job. */
async function killWorkerWith(of: string, point: Point, { fleet }: Scene): Promise<void> {
  const deaths = Promise.race(fleet.workers.map((worker) => worker.death()));
  for (const worker of fleet.workers) worker.order({ do: 'kill', at: point, passage: 1, of });
  await within(PASSES_MS, `a worker to pass ${point}`, deaths);
  for (const worker of fleet.workers) worker.order({ do: 'disarm' });
}

async function killAtFailure(point: Point, scene: Scene): Promise<void> {
  const prompt = `${FAILING} ${randomUUID()}`;
  const killed = killWorkerWith(prompt, point, scene);
  await scene.load.image(prompt);
  await killed;
}

async function killAtCancel(point: Point, scene: Scene): Promise<void> {
  const member = memberAt(point, scene.fleet);
  const death = member.death();
  member.order({ do: 'kill', at: point, passage: 1 });
  scene.fleet.model.stepMs = LONG_STEP_MS;
  try {
    let isDead = false;
    const dying = death.then(() => {
      isDead = true;
    });
    // it may be the other replica that is asked
    for (let tries = 0; tries < CANCEL_TRIES && !isDead; tries++) {
      await scene.load.cancel(await scene.load.image(`taken back ${randomUUID()}`));
    }
    await within(PASSES_MS, `${member.name} to pass ${point}`, dying);
  } finally {
    scene.fleet.model.stepMs = scene.fleet.stepMs;
  }
}

async function killAtRelease(point: Point, scene: Scene): Promise<void> {
  const member = memberAt(point, scene.fleet);
  const death = member.death();
  scene.fleet.model.stepMs = LONG_STEP_MS;
  try {
    await within(PASSES_MS, 'a run', member.hold('engine.called'));
    member.order({ do: 'kill', at: point, passage: 1 });
    member.order({ do: 'go on' });
    member.signal('SIGTERM');
    await within(PASSES_MS, `${member.name} to pass ${point}`, death);
  } finally {
    scene.fleet.model.stepMs = scene.fleet.stepMs;
  }
}

function injectorOf(point: Point): (scene: Scene) => Promise<void> {
  switch (point.slice(0, point.indexOf('.'))) {
    case 'retry':
    case 'dead':
      return (scene) => killAtFailure(point, scene);
    case 'cancel':
      return (scene) => killAtCancel(point, scene);
    case 'release':
      return (scene) => killAtRelease(point, scene);
    default:
      return (scene) => killAt(point, scene);
  }
}

/** kill -9 at each point there is. */
export const killPoints: readonly Experiment[] = POINT_NAMES.map((point) => ({
  name: `kill-${point}`,
  injects: `kill -9: ${POINTS[point]}`,
  on: point.endsWith('.half') ? ['embedded'] : EVERYWHERE,
  ...(point.startsWith('archive.') ? { looksAtArchive: true } : {}),
  ...(SHORT[point] ? { shortOn: SHORT[point] } : {}),
  recoversWithinMs: 15_000,
  mayDie: ({ prompt }) => prompt.startsWith(FAILING),
  inject: injectorOf(point),
}));
