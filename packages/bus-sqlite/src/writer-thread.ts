/** The thread that owns the writing connection: disk waits happen here, not on the caller's event loop. */
import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from './database.ts';
import type { FromThread, ToThread } from './protocol.ts';
import { Writer } from './writer.ts';

const BEAT_MS = 500;
const TRIM_EVERY_BEATS = 20;

const { file, owner } = workerData as { file: string; owner: string };
const database = openDatabase(file);
const writer = new Writer(database, owner);
let beats = 0;

function say(message: FromThread): void {
  parentPort?.postMessage(message);
}

function beat(): void {
  try {
    const nowMs = Date.now();
    if (writer.beat(nowMs)) say({ type: 'reclaimed' });
    beats += 1;
    if (beats % TRIM_EVERY_BEATS === 0) writer.trim(nowMs);
  } catch {
    // a full disk shows where somebody waits for an answer; the next beat tries again
  }
}

parentPort?.on('message', (message: ToThread) => {
  if (message.type === 'close') {
    clearInterval(timer);
    try {
      writer.leave();
    } catch {
      // what could not be given back is taken once this owner no longer shows itself
    }
    database.close();
    say({ type: 'closed' });
    parentPort?.close();
    return;
  }
  try {
    say({ type: 'done', result: writer.apply(message.group) });
  } catch (error) {
    say({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
});

beat();
const timer = setInterval(beat, BEAT_MS);
say({ type: 'open' });
