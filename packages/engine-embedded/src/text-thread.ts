/**
 * The thread of the engine's process that writes text, started with the first one. It never waits for a picture:
 * ONNX Runtime blocks the thread that calls it. Messages are those of protocol.ts.
 */
import { parentPort } from 'node:worker_threads';
import { GenfleetError } from '@genfleet/job';
import { CodeModel } from './code-model.ts';
import type { FromEngineThread, ToEngineProcess } from './protocol.ts';
import { generateText } from './text-generation.ts';
import { TEXTS_AT_ONCE } from './text-limits.ts';
import { Turns } from './turns.ts';

const MODEL_FOLDER = new URL('../code-model/', import.meta.url);

type Generate = Extract<ToEngineProcess, { type: 'generate-text' }>;

const startMs = performance.now();
const model = await CodeModel.load(MODEL_FOLDER);
let loadMs = performance.now() - startMs;
const turns = new Turns(TEXTS_AT_ONCE);
const running = new Map<string, AbortController>();

function send(message: FromEngineThread): void {
  parentPort?.postMessage(message);
}

async function serve({ id, settings }: Generate): Promise<void> {
  const abort = new AbortController();
  running.set(id, abort);
  const beganMs = performance.now();
  try {
    const { name, aliases } = model.manifest;
    if (settings.model !== name && !aliases.includes(settings.model)) {
      const known = [name, ...aliases].join(', ');
      throw new GenfleetError('model_not_found', `no model ${settings.model}; there are ${known}`);
    }
    const steps = generateText(model, settings, (delta) => send({ type: 'delta', id, delta }));
    const generated = await turns.run(steps, abort.signal);
    const modelLoadMs = loadMs;
    loadMs = 0;
    const generateMs = performance.now() - beganMs;
    send({ type: 'written', id, ...generated, model: name, modelLoadMs, generateMs });
  } catch (thrown) {
    const { code, message } = GenfleetError.from(thrown, 'engine_failed');
    send({ type: 'failed', id, code, message });
  } finally {
    running.delete(id);
  }
}

parentPort?.on('message', (message: ToEngineProcess) => {
  if (message.type === 'cancel') running.get(message.id)?.abort();
  if (message.type === 'generate-text') void serve(message);
});
