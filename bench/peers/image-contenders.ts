import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProduct } from '../../services/all-in-one/test/product.ts';
import { providePython, startModelContainer } from '../../tools/provision/model-container.ts';
import { cpuSecondsOf, type Part } from './contender.ts';

const BARE_PICTURES = 4;

export interface Picture {
  /** That the model ran for it. */
  readonly generateMs: number;
  readonly bytes: Uint8Array;
}

/** Something that makes pictures with the demo model. */
export interface Painter {
  readonly name: string;
  readonly parts: readonly Part[];
  /** Asks for one and waits until it is here. */
  paint(seed: number): Promise<Picture>;
  /** The model's CPU time in ms for a picture of which nothing is shown before it is done. */
  cpuMsWithoutPreviews?(): Promise<number>;
  stop(): Promise<void>;
}

/** What everybody is asked for. */
export const SETTINGS = {
  ...{ prompt: 'a red circle on a white background', steps: 20, cfg_scale: 2, width: 128, height: 128 },
};

/** `npm start` on the embedded bus, its worker before the model container: the job is durable, and so is the picture. */
export async function startGenfleet(): Promise<Painter> {
  const python = await providePython();
  if (typeof python !== 'string') throw new Error(`torch is missing: ${python.missing}`);
  const container = await startModelContainer(python, { PRELOAD_MODELS: 'genfleet-demo' });
  const directory = mkdtempSync(join(tmpdir(), 'genfleet-peers-'));
  const product = await startProduct(directory, { ENGINE_URL: container.url, LOG_LEVEL: 'warn' });
  process.on('exit', () => product.process.kill('SIGKILL'));
  const settings = { ...SETTINGS, model: 'genfleet-demo', sampler_name: 'euler' };
  return {
    name: 'Genfleet',
    parts: [
      { name: 'api and worker', pid: product.process.pid ?? 0 },
      { name: 'model', pid: container.pid },
    ],
    paint: async (seed) => {
      const answer = await fetch(`${product.url}/images/`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer: 'wait=60' },
        body: JSON.stringify({ generation_settings: { ...settings, seed } }),
      });
      const image = (await answer.json()) as Waited;
      const done = image.image_url ? image : await untilMade(`${product.url}/images/${image.id}/`);
      if (!done.image_url || !done.timings) throw new Error(`no picture: ${JSON.stringify(done)}`);
      const bytes = await bytesOf(await fetch(done.image_url));
      return { generateMs: done.timings.generate_ms, bytes };
    },
    cpuMsWithoutPreviews: async () => {
      const parts = [{ name: 'model', pid: container.pid }];
      const cpuMs = () => (cpuSecondsOf(parts).get('model') ?? 0) * 1_000;
      const beforeMs = cpuMs();
      for (let seed = 1; seed <= BARE_PICTURES; seed += 1)
        await paintBare(container.url, { ...settings, seed });
      return (cpuMs() - beforeMs) / BARE_PICTURES;
    },
    stop: async () => {
      await product.end('SIGKILL');
      await container.destroy();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Straight from the container, as its worker asks, but for the previews. */
async function paintBare(url: string, { seed, prompt, ...settings }: typeof SETTINGS & { seed: number }) {
  const task = { id: `bare-${seed}`, prompt, negative_prompt: '', seeds: [seed] };
  const answer = await fetch(`${url}/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...settings, preview_every: 0, tasks: [task] }),
  });
  const lines = await answer.text();
  if (!answer.ok) throw new Error(`the model container answered ${answer.status}: ${lines.slice(0, 500)}`);
}

interface Waited {
  readonly id: string;
  readonly status?: string;
  readonly image_url?: string | null;
  readonly timings?: { readonly generate_ms: number } | null;
}

/** Behind a line of more than a minute. */
async function untilMade(url: string): Promise<Waited> {
  for (;;) {
    const image = (await (await fetch(url)).json()) as Waited;
    if (image.image_url || image.status === 'dead') return image;
    await sleep(50);
  }
}

/** @throws Error with the answer when it is no JPEG. */
export async function bytesOf(answer: Response): Promise<Uint8Array> {
  const bytes = new Uint8Array(await answer.arrayBuffer());
  // a JPEG's first two bytes
  if (answer.ok && bytes[0] === 0xff && bytes[1] === 0xd8) return bytes;
  throw new Error(`no picture, but ${answer.status}: ${Buffer.from(bytes).toString('latin1').slice(0, 500)}`);
}
