/**
 * The thread of the engine's process that draws. Messages are those of protocol.ts. One picture is drawn at a time.
 */
import { availableParallelism } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { GenfleetError } from '@genfleet/job';
import sharp from 'sharp';
import { DemoModel, type Picture } from './demo-model.ts';
import type { FromEngineThread, MadeImage, ToEngineProcess } from './protocol.ts';

/** Between two previews of a slow run: decoding one costs about as much as a step. */
const PREVIEW_INTERVAL_MS = 200;
/** Previews of a picture that is drawn faster than that, so that it can be seen to appear. */
const PREVIEWS = 8;
const PREVIEW_QUALITY = 70;
const MODEL_FOLDER = new URL('../model/', import.meta.url);

type Generate = Extract<ToEngineProcess, { type: 'generate' }>;

sharp.cache(false);
sharp.concurrency(1);

const startMs = performance.now();
const model = await DemoModel.load(MODEL_FOLDER, Math.max(1, availableParallelism() - 1));
let loadMs = performance.now() - startMs;
const running = new Map<string, AbortController>();
let queue = Promise.resolve();

function send(message: FromEngineThread): void {
  parentPort?.postMessage(message);
}

async function enlarge(picture: Picture, width: number, height: number): Promise<MadeImage> {
  const { rgb } = picture;
  if (picture.width === width && picture.height === height) return { width, height, bytes: rgb };
  const raw = { width: picture.width, height: picture.height, channels: 3 } as const;
  const bytes = await sharp(rgb, { raw })
    .resize(width, height, { fit: 'fill', kernel: 'lanczos3' })
    .raw()
    .toBuffer();
  return { width, height, bytes };
}

async function preview(picture: Picture): Promise<Uint8Array> {
  const { width, height, rgb } = picture;
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: PREVIEW_QUALITY })
    .toBuffer();
}

async function generate(request: Generate, signal: AbortSignal): Promise<void> {
  const { id, settings, seeds } = request;
  const steps = settings.steps * seeds.length;
  const beganMs = performance.now();
  let previewedMs = beganMs;
  const previewEvery = Math.ceil(settings.steps / PREVIEWS);
  const images: MadeImage[] = [];
  for (const [index, seed] of seeds.entries()) {
    const onStep = async (done: number, peek: () => Promise<Picture>) => {
      const isTurn = done % previewEvery === 0 || performance.now() - previewedMs >= PREVIEW_INTERVAL_MS;
      const isDue = done < settings.steps && isTurn;
      const previewJpeg = isDue ? await preview(await peek()) : undefined;
      if (previewJpeg) previewedMs = performance.now();
      const step = index * settings.steps + done;
      send({ type: 'progress', id, step, steps, ...(previewJpeg ? { previewJpeg } : {}) });
    };
    const picture = await model.draw(settings, { seed, signal, onStep });
    images.push(await enlarge(picture, settings.width, settings.height));
  }
  const modelLoadMs = loadMs;
  loadMs = 0;
  const generateMs = performance.now() - beganMs;
  send({ type: 'done', id, images, model: model.info.name, modelLoadMs, generateMs });
}

async function serve(request: Generate): Promise<void> {
  const abort = running.get(request.id);
  try {
    if (!abort) return;
    if (!model.answersTo(request.settings.model)) {
      const known = [model.info.name, ...model.info.aliases].join(', ');
      throw new GenfleetError('model_not_found', `no model ${request.settings.model}; there are ${known}`);
    }
    await generate(request, abort.signal);
  } catch (thrown) {
    const { code, message } = GenfleetError.from(thrown, 'engine_failed');
    send({ type: 'failed', id: request.id, code, message });
  } finally {
    running.delete(request.id);
  }
}

parentPort?.on('message', (message: ToEngineProcess) => {
  if (message.type === 'cancel') running.get(message.id)?.abort();
  if (message.type !== 'generate') return;
  running.set(message.id, new AbortController());
  queue = queue.then(() => serve(message));
});
send({ type: 'ready', model: model.info });
