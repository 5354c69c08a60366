/**
 * `node bench/worker.ts`: how busy the worker keeps its engine under backlog, beside the sequential loop (generate,
 * store, publish, acknowledge, one after the other), with an engine of 50 ms and a store of 20 ms.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactStore } from '../packages/artifacts/src/index.ts';
import { greyPictures, ScriptedEngine } from '../services/worker/test/scripted-engine.ts';
import { createRig, type Rig } from '../services/worker/test/worker-rig.ts';

const JOBS = 200;
const ENGINE_MS = 50;
const STORE_MS = 20;
const WANTED = 0.97;

interface Busy {
  share: number;
  perSecond: number;
}

/** Watches the engine: time with a run over all time from the first run to the last. */
function watched(engineMs: number) {
  let busyMs = 0;
  let firstMs = 0;
  let lastMs = 0;
  const engine = new ScriptedEngine(async (task) => {
    const startMs = performance.now();
    firstMs ||= startMs;
    const result = await greyPictures(task, 1, engineMs);
    lastMs = performance.now();
    busyMs += lastMs - startMs;
    return result;
  });
  return {
    engine,
    busy: (): Busy => ({
      share: busyMs / (lastMs - firstMs),
      perSecond: (JOBS * 1_000) / (lastMs - firstMs),
    }),
  };
}

/** Of what a worker does with a store, slowly. */
function slowStore(inner: ArtifactStore): ArtifactStore {
  const slow: Pick<ArtifactStore, 'put' | 'putIfAbsent'> = {
    put: async (...file) => {
      await sleep(STORE_MS);
      await inner.put(...file);
    },
    putIfAbsent: async (...file) => {
      await sleep(STORE_MS);
      return inner.putIfAbsent(...file);
    },
  };
  return slow as ArtifactStore;
}

async function backlog(rig: Rig): Promise<string[]> {
  return Promise.all(Array.from({ length: JOBS }, () => rig.request()));
}

async function pipelined(): Promise<Busy> {
  const rig = await createRig();
  try {
    const ids = await backlog(rig);
    const { engine, busy } = watched(ENGINE_MS);
    await rig.start(engine, { artifacts: slowStore(rig.artifacts) });
    for (const id of ids) await rig.until(id, 'completed');
    return busy();
  } finally {
    await rig.close();
  }
}

/** What a worker without a pipeline gets from the same engine, store and bus. */
async function sequential(): Promise<Busy> {
  const rig = await createRig();
  try {
    const { engine, busy } = watched(ENGINE_MS);
    const store = slowStore(rig.artifacts);
    const producer = await rig.bus.producer({ name: 'completed_txt2img_generation', persistent: true });
    for (let job = 0; job < JOBS; job += 1) {
      const signal = new AbortController().signal;
      const settings = { width: 64, height: 64 } as Parameters<typeof greyPictures>[0]['settings'];
      await engine.generateImages([
        { id: randomUUID(), settings, seeds: [1], signal, onProgress: () => undefined },
      ]);
      await store.put(`${randomUUID()}.jpg`, new Uint8Array(2_000), 'image/jpeg');
      await producer.send({ key: 'sequential', value: '{}' });
    }
    return busy();
  } finally {
    await rig.close();
  }
}

const [loop, pipeline] = [await sequential(), await pipelined()];
const row = (name: string, { share, perSecond }: Busy) =>
  console.log(`${name.padEnd(12)} ${share.toFixed(3).padStart(8)} ${perSecond.toFixed(1).padStart(8)}`);
console.log(
  `${JOBS} jobs, engine ${ENGINE_MS} ms, store ${STORE_MS} ms\n${'worker'.padEnd(12)} engine busy   jobs/s`,
);
row('sequential', loop);
row('pipeline', pipeline);
console.log(`wanted: at least ${WANTED} (${pipeline.share >= WANTED ? 'met' : 'not met'})`);
