import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StageName } from '../fleet/backing.ts';
import { Hook } from '../fleet/hook.ts';
import type { Member } from '../fleet/member.ts';
import { FAILING } from '../fleet/model-container.ts';
import { POINT_NAMES, POINTS, type Point } from '../inside/points.ts';
import { within } from '../within.ts';
import { EVERYWHERE, type Experiment, type Scene } from './experiment.ts';
import { holdOneAt, memberAt } from './member-at.ts';

/** For a process to come past a point that it passes with every job. */
const PASSES_MS = 60_000;
/** A step so slow that no run ends within the grace of a worker that is told to stop, and none hangs. */
const LONG_STEP_MS = 2_000;
/** How many passages it lives through, so that it dies with some history. */
const PASSAGE = 2;
/** Ends the name of a claim; a file may be written anew. */
const CLAIM = '.json';
const CANCEL_TRIES = 20;
const AHEAD_TRIES = 10;
/** For a job to come to a worker. */
const HELD_MS = 1_000;
/** For a job that waits to be chosen by a worker that is free. */
const CHOSEN_MS = 3_000;
/** For a claim to be moved on. */
const RENEWED_MS = 15_000;
/** With long steps, longer than a claim ahead of the bus stands before it is moved on. */
const LONG_STEPS = 8;
const HOOK_CALLED_MS = 60_000;
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

/** Whichever of them comes past the point with this job. */
async function killOneOf(members: readonly Member[], point: Point, of = ''): Promise<void> {
  const deaths = Promise.race(members.map((member) => member.death()));
  for (const member of members) member.order({ do: 'kill', at: point, passage: 1, of });
  try {
    await within(PASSES_MS, `a process to pass ${point}`, deaths);
  } finally {
    for (const member of members) member.order({ do: 'disarm' });
  }
}

async function killAtFailure(point: Point, scene: Scene): Promise<void> {
  const prompt = `${FAILING} ${randomUUID()}`;
  const killed = killOneOf(scene.fleet.workers, point, prompt);
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

/**
 * A worker that was handed an urgent job does nothing with it, so that whoever is free chooses it. The bus may be faster
 * than the order to hold it, and who is free than the order to die of it: then with another job.
 */
async function killAhead(point: Point, { fleet, load }: Scene): Promise<void> {
  const { workers, model } = fleet;
  const isRenewal = point.startsWith('renewal.');
  // long enough for the claim to be moved on while it runs
  if (isRenewal) model.stepMs = LONG_STEP_MS;
  let isDead = false;
  const dying = Promise.race(workers.map((worker) => worker.death())).then(() => {
    isDead = true;
  });
  try {
    for (let tries = 0; tries < AHEAD_TRIES && !isDead; tries++) {
      const prompt = `left to another ${randomUUID()}`;
      const held = holdOneAt('delivery.received', workers, prompt).catch(() => undefined);
      await load.image(prompt, { steps: LONG_STEPS, priority: 'high' });
      await Promise.race([held, sleep(HELD_MS)]);
      for (const worker of workers) worker.order({ do: 'kill', at: point, passage: 1 });
      await Promise.race([dying, sleep(isRenewal ? RENEWED_MS : CHOSEN_MS)]);
      for (const worker of workers) {
        worker.order({ do: 'disarm' });
        worker.order({ do: 'go on' });
      }
    }
    if (!isDead) throw new Error(`no process passed ${point} in ${AHEAD_TRIES} tries`);
  } finally {
    model.stepMs = fleet.stepMs;
  }
}

async function killAtRedrive(point: Point, { fleet, load }: Scene): Promise<void> {
  const prompt = `works in its second life ${randomUUID()}`;
  fleet.model.failing.add(prompt);
  const job = await load.image(prompt);
  const became = await load.ended(job);
  if (became !== 'dead') throw new Error(`a job that always fails became ${became}`);
  fleet.model.failing.delete(prompt);
  const killed = killOneOf(fleet.apis, point);
  await Promise.all([killed, within(PASSES_MS, 'a second life', load.redrive(job))]);
}

async function killAtWebhook(point: Point, { fleet, load }: Scene): Promise<void> {
  const hook = await Hook.listen();
  fleet.model.stepMs = LONG_STEP_MS;
  try {
    const { id } = await load.image(`is told of ${randomUUID()}`, { webhook: hook.url });
    const killed = killOneOf(fleet.apis, point, id);
    fleet.model.stepMs = fleet.stepMs;
    await killed;
    const wanted = point === 'webhook.called' ? 2 : 1;
    await load.until(() => hook.callsFor(id) >= wanted, HOOK_CALLED_MS, `${wanted} calls of a webhook`);
  } finally {
    fleet.model.stepMs = fleet.stepMs;
    hook.close();
  }
}

function injectorOf(point: Point): (scene: Scene) => Promise<void> {
  switch (point.slice(0, point.indexOf('.'))) {
    case 'retry':
    case 'dead':
      return (scene) => killAtFailure(point, scene);
    case 'ahead':
    case 'renewal':
      return (scene) => killAhead(point, scene);
    case 'redrive':
      return (scene) => killAtRedrive(point, scene);
    case 'webhook':
      return (scene) => killAtWebhook(point, scene);
    case 'cancel':
      return (scene) => killAtCancel(point, scene);
    case 'release':
      return (scene) => killAtRelease(point, scene);
    default:
      return (scene) => killAt(point, scene);
  }
}

/** Files are the embedded store's; a claim is moved on as on every bus, and takes half a minute to end. */
const isForOne = (point: Point) => point.endsWith('.half') || point.startsWith('renewal.');

/** kill -9 at each point there is. */
export const killPoints: readonly Experiment[] = POINT_NAMES.map((point) => ({
  name: `kill-${point}`,
  injects: `kill -9: ${POINTS[point]}`,
  on: isForOne(point) ? ['embedded'] : EVERYWHERE,
  ...(point.startsWith('archive.') ? { looksAtArchive: true } : {}),
  ...(SHORT[point] ? { shortOn: SHORT[point] } : {}),
  recoversWithinMs: 15_000,
  mayDie: ({ prompt }) => prompt.startsWith(FAILING),
  inject: injectorOf(point),
}));
