/** The thread that owns the writing connection: disk waits happen here, not on the caller's event loop. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { openDatabase } from './database.ts';
import { faultOf } from './faults.ts';
import type { FromThread, Group, ToThread } from './protocol.ts';
import { Writer } from './writer.ts';

const BEAT_MS = 500;
const TRIM_EVERY_BEATS = 20;
/** One transaction holds no more, so that nobody waits long for it; the rest goes into the next. */
const TRANSACTION = { messages: 2_000, chars: 8 * 1_024 * 1_024 };

const { file, owner } = workerData as { file: string; owner: string };
const database = openDatabase(file);
// writes wait by themselves, see `patiently`
database.exec('pragma busy_timeout = 0');
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

/** This message, and all that came while the last transaction was on its way to the disk, within bounds. */
function drain(first: ToThread): { groups: Group[]; isEnd: boolean } {
  const groups: Group[] = [];
  let room = { messages: TRANSACTION.messages, chars: TRANSACTION.chars };
  let next: ToThread | undefined = first;
  while (next) {
    if (next.type === 'close') return { groups, isEnd: true };
    const { values } = next.group.publishes;
    groups.push(next.group);
    const chars = values.reduce((sum, value) => sum + value.length, 0);
    room = { messages: room.messages - values.length, chars: room.chars - chars };
    if (room.messages <= 0 || room.chars <= 0) break;
    next = parentPort ? receiveMessageOnPort(parentPort)?.message : undefined;
  }
  return { groups, isEnd: false };
}

function end(): void {
  clearInterval(timer);
  try {
    writer.leave();
  } catch {
    // what could not be given back is taken once this owner no longer shows itself
  }
  database.close();
  say({ type: 'closed' });
  parentPort?.close();
}

parentPort?.on('message', (first: ToThread) => {
  const { groups, isEnd } = drain(first);
  try {
    if (groups.length > 0) say({ type: 'done', results: writer.apply(groups) });
  } catch (error) {
    say({ type: 'failed', groups: groups.length, message: faultOf(error, file).message });
  }
  if (isEnd) end();
});

beat();
const timer = setInterval(beat, BEAT_MS);
say({ type: 'open' });
