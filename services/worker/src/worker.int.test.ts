import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivery } from '@genfleet/bus';
import { decideCancel, GenfleetError, type JobState, topicOf, WORKER_SUBSCRIPTION } from '@genfleet/job';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure, greyPictures, ScriptedEngine } from '../test/scripted-engine.ts';
import { checkEvents, createRig, type Rig } from '../test/worker-rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await createRig();
});
afterEach(async () => {
  await checkEvents(rig.bus);
  await rig.close();
});

const REQUESTED = topicOf('requested', 'txt2img');

async function emptied(): Promise<void> {
  for (;;) {
    if ((await rig.bus.backlog(REQUESTED, WORKER_SUBSCRIPTION)) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function cancel(id: string): Promise<void> {
  const event = decideCancel(rig.view.job(id) as JobState, Date.now(), 'by its client');
  if ('refused' in event) throw new Error(event.refused);
  await rig.publish(event);
}

function deadOf(state: JobState) {
  if (state.outcome?.type !== 'dead') throw new Error('not a dead letter');
  return state.outcome.event;
}

describe('a worker', () => {
  it('stores every image under a name that depends on the job alone, then completes and acknowledges', async () => {
    await rig.start(new ScriptedEngine((task) => greyPictures(task, 3, 1)));
    const one = await rig.request();
    const several = await rig.request({ batch_size: 2, format: 'png', seed: 5 });
    const state = await rig.until(several, 'completed');
    await rig.until(one, 'completed');
    if (state.outcome?.type !== 'completed' || state.outcome.event.kind !== 'txt2img') {
      throw new Error('no image was completed');
    }
    const { artifacts, attempt, timings } = state.outcome.event;
    expect(artifacts.map(({ key, seed, width }) => [key, seed, width])).toEqual([
      [`${several}_0.png`, 5, 64],
      [`${several}_1.png`, 6, 64],
    ]);
    expect(attempt).toBe(1);
    expect(timings.generate_ms).toBeGreaterThan(0);
    expect((await rig.artifacts.get(`${one}.jpg`)).contentType).toBe('image/jpeg');
    await emptied();
  });

  it('tries a failed run again three times, then writes a dead letter with every attempt', async () => {
    const engine = new ScriptedEngine(async (_, run) =>
      failure(new GenfleetError('engine_failed', `run ${run}`)),
    );
    await rig.start(engine);
    const id = await rig.request();
    const dead = deadOf(await rig.until(id, 'dead'));
    expect(dead.error).toEqual({ code: 'engine_failed', message: 'run 4' });
    expect(dead.failures.map(({ attempt, message }) => [attempt, message])).toEqual([
      [1, 'run 1'],
      [2, 'run 2'],
      [3, 'run 3'],
      [4, 'run 4'],
    ]);
    await emptied();
    expect(engine.batches).toHaveLength(4);
  });

  it('completes on a later attempt and keeps the reason of the failed one', async () => {
    const script = new ScriptedEngine((task, run) =>
      run === 1
        ? Promise.resolve(failure(new GenfleetError('out_of_memory', 'no room')))
        : greyPictures(task, 1, 1),
    );
    await rig.start(script);
    const state = await rig.until(await rig.request(), 'completed');
    expect(state.starts).toHaveLength(2);
    expect(state.request?.failures).toMatchObject([{ attempt: 1, code: 'out_of_memory' }]);
  });

  it('writes a dead letter at once for what can not get better', async () => {
    const engine = new ScriptedEngine(async () =>
      failure(new GenfleetError('model_not_found', 'there is grey')),
    );
    await rig.start(engine);
    const dead = deadOf(await rig.until(await rig.request(), 'dead'));
    expect(dead.error.code).toBe('model_not_found');
    expect(engine.batches).toHaveLength(1);
  });

  it.each([
    ['too few pictures', { images: [] }],
    [
      'a picture of another size',
      { images: [{ encoding: 'rgb' as const, width: 8, height: 8, bytes: new Uint8Array(192) }] },
    ],
    [
      'bytes that are no picture',
      { images: [{ encoding: 'png' as const, width: 64, height: 64, bytes: Buffer.from('rubbish') }] },
    ],
  ])('counts an engine that returns %s as failed', async (_, rubbish) => {
    const result = { ok: true, model: 'grey', modelLoadMs: 0, generateMs: 1, ...rubbish } as const;
    await rig.start(new ScriptedEngine(async () => result));
    expect(deadOf(await rig.until(await rig.request(), 'dead')).error.code).toBe('engine_failed');
  });

  it('never starts a job that was cancelled while it waited', async () => {
    const id = await rig.request();
    await rig.until(id, 'queued');
    await cancel(id);
    await rig.until(id, 'cancelled');
    const engine = new ScriptedEngine((task) => greyPictures(task, 1, 1));
    await rig.start(engine);
    const next = await rig.request();
    await rig.until(next, 'completed');
    expect(engine.batches).toEqual([[next]]);
    await emptied();
  });

  it('stops a running job when it is cancelled, and goes on with the next', async () => {
    const steps: number[] = [];
    const engine = new ScriptedEngine((task, run) => {
      if (run > 1) return greyPictures(task, 1, 1);
      return greyPictures({ ...task, onProgress: ({ step }) => steps.push(step) }, 10_000, 5);
    });
    await rig.start(engine);
    const id = await rig.request();
    await rig.until(id, 'running');
    await cancel(id);
    await rig.until(await rig.request(), 'completed');
    expect(steps.at(-1)).toBeLessThan(10_000);
    expect(rig.view.job(id)?.outcome?.type).toBe('cancelled');
    await emptied();
  });

  it('ends a job at its deadline, running or waiting', async () => {
    await rig.start(new ScriptedEngine((task) => greyPictures(task, 10_000, 5)));
    const running = await rig.request({}, { deadline_seconds: 0.5 });
    const waiting = await rig.request({}, { deadline_seconds: 0.2 });
    expect(deadOf(await rig.until(running, 'dead')).error.code).toBe('deadline_exceeded');
    expect(deadOf(await rig.until(waiting, 'dead')).error.code).toBe('deadline_exceeded');
    expect(rig.view.job(waiting)?.starts).toHaveLength(0);
  });

  it('gives up on an engine that shows no progress', async () => {
    const hung = new ScriptedEngine(
      (task) =>
        new Promise((resolve) => {
          const stop = () => resolve(failure(new GenfleetError('cancelled', 'stopped')));
          task.signal.addEventListener('abort', stop, { once: true });
        }),
    );
    await rig.start(hung, { engineIdleTimeoutMs: 50 });
    const dead = deadOf(await rig.until(await rig.request(), 'dead'));
    expect(dead.failures.map(({ code }) => code)).toEqual(Array(4).fill('engine_timeout'));
  });

  it('hands a running job back when it has to stop, without the price of an attempt', async () => {
    const worker = await rig.start(new ScriptedEngine((task) => greyPictures(task, 10_000, 5)));
    const id = await rig.request();
    await rig.until(id, 'running');
    await worker.stop(0);
    await rig.until(id, 'queued');
    await rig.start(new ScriptedEngine((task) => greyPictures(task, 1, 1)));
    const state = await rig.until(id, 'completed');
    expect(state.outcome).toMatchObject({ event: { attempt: 1, worker: 'worker-2' } });
  });

  it('lets a run end within its grace', async () => {
    const worker = await rig.start(new ScriptedEngine((task) => greyPictures(task, 20, 10)));
    const id = await rig.request();
    await rig.until(id, 'running');
    await worker.stop(20_000);
    await rig.until(id, 'completed');
  });

  it('makes a job whose images can not be stored a dead letter with the reason, and nothing else stops', async () => {
    let isFull = true;
    const { artifacts } = rig;
    const full = Object.create(artifacts, {
      putIfAbsent: {
        value: async (key: string, bytes: Uint8Array, type: string) => {
          if (isFull) throw new GenfleetError('artifacts_failed', 'no space left', { retryable: false });
          return artifacts.putIfAbsent(key, bytes, type);
        },
      },
    }) as Rig['artifacts'];
    await rig.start(new ScriptedEngine((task) => greyPictures(task, 1, 1)), { artifacts: full });
    const dead = deadOf(await rig.until(await rig.request(), 'dead'));
    expect(dead.error).toEqual({ code: 'artifacts_failed', message: 'no space left' });
    isFull = false;
    await rig.until(await rig.request(), 'completed');
  });

  it('leaves the file of an earlier run as it is, and says so', async () => {
    const id = await rig.request();
    const first = Buffer.from('a picture that differs in a byte');
    await rig.artifacts.put(`${id}.jpg`, first, 'image/jpeg');
    await rig.start(new ScriptedEngine((task) => greyPictures(task, 1, 1)));
    const { outcome } = await rig.until(id, 'completed');
    expect(outcome).toMatchObject({
      event: { artifacts: [{ size_bytes: first.length, sha256: hash('sha256', first) }] },
    });
    expect(Buffer.from((await rig.artifacts.get(`${id}.jpg`)).bytes)).toEqual(first);
  });

  it('generates waiting jobs that agree as one batch when the engine can', async () => {
    const engine = new ScriptedEngine((task) => greyPictures(task, 2, 20), 4);
    const ids = await Promise.all(Array.from({ length: 6 }, () => rig.request()));
    const odd = await rig.request({ steps: 7 });
    await rig.start(engine);
    for (const id of [...ids, odd]) await rig.until(id, 'completed');
    expect(Math.max(...engine.batches.map((batch) => batch.length))).toBeGreaterThan(1);
    expect(engine.batches.find((batch) => batch.includes(odd))).toEqual([odd]);
  });

  it.each([
    ['that queues', 'the next job once every step of one is done', true, 2],
    ['that does not queue', 'one job at a time', false, 1],
  ])('gives an engine %s %s', async (_engine, _what, queuesNext, atOnce) => {
    const running = new Set<string>();
    let most = 0;
    const engine = new ScriptedEngine(async (task, run) => {
      running.add(task.id);
      most = Math.max(most, running.size);
      const result = await greyPictures(task, 2, 5);
      // it ends only when the next is there; the last has none after it
      while (queuesNext && run < 3 && engine.batches.length <= run) await sleep(5);
      running.delete(task.id);
      return result;
    });
    await rig.start(Object.assign(engine, { queuesNext }));
    const ids = [await rig.request(), await rig.request(), await rig.request()];
    for (const id of ids) expect((await rig.until(id, 'completed')).starts).toHaveLength(1);
    expect(most).toBe(atOnce);
    expect(engine.batches).toHaveLength(3);
  });

  it('runs a job alone that a worker was lost with, so that it takes no other with it', async () => {
    const suspect = await rig.request();
    const others = [await rig.request(), await rig.request()];
    await rig.publish({
      ...{
        type: 'started',
        version: 1,
        id: suspect,
        kind: 'txt2img',
        tenant: 'default',
        redrive: 0,
        attempt: 1,
      },
      ...{ claim: 'lost', worker: 'lost', model: 'grey', time: new Date().toISOString(), released: false },
    });
    await rig.until(suspect, 'running');
    const unstored = new Set<string>();
    const beside: string[] = [];
    const engine = new ScriptedEngine((task) => {
      if (task.id === suspect || unstored.has(suspect)) beside.push(...unstored);
      unstored.add(task.id);
      return greyPictures(task, 2, 5);
    }, 4);
    const { artifacts } = rig;
    const slow = Object.create(artifacts, {
      putIfAbsent: {
        value: async (key: string, bytes: Uint8Array, type: string) => {
          await sleep(100);
          unstored.delete(key.replace('.jpg', ''));
          return artifacts.putIfAbsent(key, bytes, type);
        },
      },
    }) as Rig['artifacts'];
    await rig.start(engine, { artifacts: slow });
    for (const id of others) await rig.until(id, 'completed');
    expect((await rig.until(suspect, 'completed')).outcome).toMatchObject({ event: { attempt: 2 } });
    expect(engine.batches).toContainEqual([suspect]);
    expect(beside).toEqual([]);
  });

  it('waits for the claim of a job that somebody may have died of; one that nobody had runs beside it', async () => {
    const claimed: number[] = [];
    const engine = new ScriptedEngine((task) => {
      claimed.push(rig.view.job(task.id)?.starts.length ?? 0);
      return greyPictures(task, 1, 0);
    });
    const ids = [await rig.request(), await rig.request()];
    const held: string[] = [];
    const hold = async ({ key }: Delivery) => void held.push(key);
    const first = await rig.bus.subscribe(REQUESTED, WORKER_SUBSCRIPTION, hold, { maxInFlight: 1 });
    while (held.length === 0) await sleep(10);
    await first.close();
    await rig.start(engine);
    for (const id of ids) await rig.until(id, 'completed');
    expect(engine.batches).toEqual(ids.map((id) => [id]));
    expect(claimed).toEqual([1, 0]);
  });

  it('takes what is old on a bus that does not count for something that somebody may have died of', async () => {
    const claimed: number[] = [];
    const engine = new ScriptedEngine((task) => {
      claimed.push(rig.view.job(task.id)?.starts.length ?? 0);
      return greyPictures(task, 1, 0);
    });
    const ages = [0, 1_000];
    const { bus } = rig;
    const subscribe = bus.subscribe.bind(bus);
    bus.subscribe = (topic, subscription, handler, options) => {
      const aged = ({ redelivered: _, ...delivery }: Delivery) =>
        handler({ ...delivery, publishTimeMs: Date.now() - (ages.shift() ?? 0) });
      return subscribe(topic, subscription, aged, options);
    };
    await rig.start(engine);
    for (const _ of [0, 1]) await rig.until(await rig.request(), 'completed');
    expect(claimed).toEqual([0, 1]);
  });

  it('shares the work between workers, each job with one of them', async () => {
    const engines = [1, 2].map(() => new ScriptedEngine((task) => greyPictures(task, 2, 10)));
    for (const engine of engines) await rig.start(engine);
    const ids = await Promise.all(Array.from({ length: 20 }, () => rig.request()));
    for (const id of ids) await rig.until(id, 'completed');
    const ran = engines.flatMap((engine) => engine.batches.flat());
    expect(ran.sort()).toEqual([...ids].sort());
    expect(engines.every((engine) => engine.batches.length > 0)).toBe(true);
  });
});
