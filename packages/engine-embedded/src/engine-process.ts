/**
 * The process that runs the demo models, a thread for each; started by `EngineChild`, ends with its parent. It only
 * hands messages on, those of protocol.ts, so that a text never waits until a step of a picture is done.
 */
import { constants, setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { codeModelInfo, readCodeManifest } from './code-manifest.ts';
import type { FromEngineProcess, FromEngineThread, ToEngineProcess } from './protocol.ts';

// the API and the bus come first on a machine that is busy drawing; threads inherit it
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
process.on('disconnect', () => process.exit(0));
// a Ctrl-C in the terminal reaches the whole group; the parent decides when to end
process.on('SIGINT', () => undefined);

const textModel = codeModelInfo(await readCodeManifest(new URL('../code-model/', import.meta.url)));
const images = started(new Worker(new URL('./image-thread.ts', import.meta.url)));
let texts: Worker | undefined;

function send(message: FromEngineProcess): void {
  process.send?.(message);
}

/** An error that a thread does not survive ends the process too: the parent hears why and starts it again. */
function started(thread: Worker): Worker {
  return thread.on('message', (message: FromEngineThread) => {
    send(message.type === 'ready' ? { type: 'ready', models: [message.model, textModel] } : message);
  });
}

process.on('message', (message: ToEngineProcess) => {
  if (message.type === 'generate-text') {
    // loaded with the first text: who only draws does not pay for it
    texts ??= started(new Worker(new URL('./text-thread.ts', import.meta.url)));
  }
  if (message.type !== 'generate') texts?.postMessage(message);
  if (message.type !== 'generate-text') images.postMessage(message);
});
