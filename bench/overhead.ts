/**
 * `node bench/overhead.ts`: what the system adds around the engine. From the POST until a poll shows `image_url`,
 * with an engine that takes no time, beside one bare durable publish on the same embedded bus, in one run.
 */

import { readConfig } from '../packages/config/src/index.ts';
import { newJobId } from '../packages/job/src/index.ts';
import { createLogger } from '../packages/telemetry/src/index.ts';
import { startApi } from '../services/api/src/index.ts';
import { greyPictures, ScriptedEngine } from '../services/worker/test/scripted-engine.ts';
import { createRig } from '../services/worker/test/worker-rig.ts';

const ROUNDS = 400;
const WANTED = 5;

const body = JSON.stringify({
  generation_settings: { prompt: 'x', width: 64, height: 64, steps: 1, seed: 1, model: 'grey' },
});

async function untilVisible(url: string): Promise<void> {
  const posted = await fetch(`${url}/images/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const { id } = (await posted.json()) as { id: string };
  for (;;) {
    const image = (await (await fetch(`${url}/images/${id}/`)).json()) as { image_url: string | null };
    if (image.image_url !== null) return;
  }
}

async function median(rounds: number, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startMs = performance.now();
    await work();
    times.push(performance.now() - startMs);
  }
  return times.sort((a, b) => a - b)[rounds >> 1] ?? 0;
}

const rig = await createRig();
const config = { ...readConfig({ PORT: '0' }) };
const log = createLogger({ level: 'silent', service: 'bench' });
const { bus, view, artifacts } = rig;
const api = await startApi({
  bus,
  views: { txt2img: view, completion: view },
  artifacts,
  config,
  log,
  clock: Date.now,
  newId: newJobId,
});
try {
  await rig.start(new ScriptedEngine((task) => greyPictures(task, 0, 0)));
  const producer = await bus.producer({ name: 'started_txt2img_generation', persistent: true });
  const publish = () => producer.send({ key: 'bench', value: body });
  // both paths warm, and in turn, so that a busy disk slows them alike
  await median(ROUNDS / 4, publish);
  await median(ROUNDS / 4, () => untilVisible(api.url));
  const publishes: number[] = [];
  const whole: number[] = [];
  for (let part = 0; part < 4; part += 1) {
    publishes.push(await median(ROUNDS / 4, publish));
    whole.push(await median(ROUNDS / 4, () => untilVisible(api.url)));
  }
  const [publishMs = 0, wholeMs = 0] = [publishes, whole].map((parts) => parts.sort((a, b) => a - b)[1]);
  const ratio = wholeMs / publishMs;
  console.log(`bare durable publish      p50 ${publishMs.toFixed(2)} ms`);
  console.log(`POST to image_url visible p50 ${wholeMs.toFixed(2)} ms`);
  console.log(`ratio ${ratio.toFixed(1)}; wanted at most ${WANTED} (${ratio <= WANTED ? 'met' : 'not met'})`);
} finally {
  await api.stop();
  await rig.close();
}
