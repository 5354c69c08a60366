import { setTimeout as sleep } from 'node:timers/promises';
import type { ImageTask } from '@genfleet/engine';
import { newJobId, type StartedEvent, statusOf, topicOf, WORKER_SUBSCRIPTION } from '@genfleet/job';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { greyPictures, ScriptedEngine } from '../test/scripted-engine.ts';
import { createRig, type Rig } from '../test/worker-rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await createRig();
});
afterEach(async () => {
  await rig.close();
});

const MODELS = ['grey', 'red', 'blue'];

/** An engine that keeps what it made in order, and says of which model; each run takes `runMs`. */
function engineOf(ran: ImageTask[], runMs: number, models: readonly string[] = MODELS) {
  const script = async (task: ImageTask) => {
    const result = await greyPictures(task, 1, runMs);
    if (!result.ok) return result;
    ran.push(task);
    return { ...result, model: task.settings.model };
  };
  return new ScriptedEngine(script, 1, models);
}

const modelsOf = (ran: readonly ImageTask[]) => ran.map(({ settings }) => settings.model);
const changes = (models: readonly string[]) =>
  models.filter((model, place) => place > 0 && model !== models[place - 1]).length;

async function allCompleted(ids: readonly string[]): Promise<void> {
  for (const id of ids) await rig.until(id, 'completed');
}

async function line(count: number, of: (n: number) => [object, object?, string?]): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const [settings, more = {}, tenant = 'default'] = of(n);
    ids.push(await rig.request({ ...settings }, { ...more }, tenant));
  }
  return ids;
}

const backlog = () => rig.bus.backlog(topicOf('requested', 'txt2img'), WORKER_SUBSCRIPTION);

describe('a worker with a choice', () => {
  it('runs a job of a high priority before a line of others, and one of a low priority last', async () => {
    const ran: ImageTask[] = [];
    const low = await rig.request({}, { priority: 'low' });
    const others = await line(12, () => [{}]);
    const high = await rig.request({}, { priority: 'high' });
    await rig.start(engineOf(ran, 60));
    await allCompleted([low, ...others, high]);
    const order = ran.map(({ id }) => id);
    // before it saw the whole line it may have begun with what it was handed
    expect(order.indexOf(high)).toBeLessThan(4);
    expect(order.indexOf(low)).toBeGreaterThan(order.length - 3);
  });

  it('keeps to the model in its memory while jobs of others wait', async () => {
    const ran: ImageTask[] = [];
    const ids = await line(24, (n) => [{ model: MODELS[n % 3] }]);
    await sleep(100);
    await rig.start(engineOf(ran, 20));
    await allCompleted(ids);
    expect(ran).toHaveLength(24);
    expect(changes(modelsOf(ran))).toBeLessThanOrEqual(6);
  });

  it('gives a tenant with few jobs its turn before the rest of one with many', async () => {
    const ran: ImageTask[] = [];
    const many = await line(20, () => [{}, {}, 'many']);
    const few = await line(3, () => [{}, {}, 'few']);
    await rig.start(engineOf(ran, 60));
    await allCompleted([...many, ...few]);
    const places = few.map((id) => ran.findIndex((task) => task.id === id));
    expect(Math.max(...places)).toBeLessThan(14);
  });

  it('passes nothing over for longer than its patience', async () => {
    const ran: ImageTask[] = [];
    const low = await rig.request({ model: 'red' }, { priority: 'low' });
    const others = await line(30, () => [{}]);
    await sleep(100);
    await rig.start(engineOf(ran, 50), { scheduling: { weights: {}, patienceMs: 300 } });
    await allCompleted([low, ...others]);
    const place = ran.findIndex(({ id }) => id === low);
    expect(place).toBeLessThan(20);
  });

  it('shares a line with others, each job once, though all choose for themselves', async () => {
    const ran: ImageTask[][] = [[], [], []];
    const ids = await line(60, (n) => [
      { model: MODELS[n % 3] },
      n % 7 === 0 ? { priority: 'high' } : {},
      n % 2 === 0 ? 'even' : 'odd',
    ]);
    await sleep(100);
    for (const its of ran) await rig.start(engineOf(its, 15));
    await allCompleted(ids);
    expect(
      ran
        .flat()
        .map(({ id }) => id)
        .sort(),
    ).toEqual([...ids].sort());
    for (const id of ids) expect(rig.view.job(id)?.outcome).toMatchObject({ event: { attempt: 1 } });
    while ((await backlog()) > 0) await sleep(20);
  });

  it('hands a job of a model that it lacks to the worker that has it', async () => {
    const [red, blue]: [ImageTask[], ImageTask[]] = [[], []];
    await rig.start(engineOf(red, 10, ['red']));
    await rig.start(engineOf(blue, 10, ['blue']));
    const ids = await line(12, (n) => [{ model: n % 2 === 0 ? 'red' : 'blue' }]);
    await allCompleted(ids);
    expect([new Set(modelsOf(red)), new Set(modelsOf(blue))]).toEqual([new Set(['red']), new Set(['blue'])]);
  });

  it('takes over a job that was claimed ahead of the bus once its time is over, and not before', async () => {
    const id = await rig.request();
    const leaseMs = 1_500;
    const claimed: StartedEvent = {
      ...{ type: 'started', version: 1, id, kind: 'txt2img', tenant: 'default', redrive: 0, attempt: 1 },
      ...{ claim: newJobId(Date.now()), worker: 'dead', model: 'grey', released: false },
      time: new Date().toISOString(),
      ahead_until: new Date(Date.now() + leaseMs).toISOString(),
    };
    await rig.publish(claimed);
    await rig.until(id, 'running');
    const startMs = performance.now();
    await rig.start(engineOf([], 10));
    const state = await rig.until(id, 'completed');
    expect(performance.now() - startMs).toBeGreaterThan(leaseMs / 2);
    expect(state.outcome).toMatchObject({ event: { attempt: 2 } });
    expect(statusOf(state)).toBe('completed');
  });
});
