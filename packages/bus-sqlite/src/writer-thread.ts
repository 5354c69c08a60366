/** The thread that owns the writing connection: disk waits happen here, not on the caller's event loop. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { DataVersion } from './data-version.ts';
import { lengthenLog, openForWriting } from './database.ts';
import { faultOf } from './faults.ts';
import type { FromThread, Group, ToThread } from './protocol.ts';
import { POLL_MS } from './wake-up.ts';
import { Writer } from './writer.ts';

const BEAT_MS = 500;
/** Not before what whoever starts the program does first. */
const LENGTHEN_MS = 5_000;
const TRIM_MS = 5_000;
const TRIM_AGAIN_MS = 20;
/** One transaction holds no more, so that nobody waits long for it; the rest goes into the next. */
const TRANSACTION = { messages: 2_000, chars: 8 * 1_024 * 1_024 };

const { file } = workerData as { file: string };

function say(message: FromThread): void {
  parentPort?.postMessage(message);
}

/** This message, and all that came while the last transaction was on its way to the disk, within bounds. */
function drain(first: ToThread): { groups: Group[]; isEnd: boolean } {
  const groups: Group[] = [];
  let { messages, chars } = TRANSACTION;
  let next: ToThread | undefined = first;
  while (next) {
    if (next.type === 'close') return { groups, isEnd: true };
    const { values } = next.group.publishes;
    groups.push(next.group);
    messages -= values.length;
    for (const value of values) chars -= value.length;
    if (messages <= 0 || chars <= 0) break;
    next = parentPort ? receiveMessageOnPort(parentPort)?.message : undefined;
  }
  return { groups, isEnd: false };
}

function serve(): void {
  const database = openForWriting(file);
  const writer = new Writer(database);
  // asked here, where commits of this process do not count
  const version = new DataVersion(database);

  function beat(): void {
    try {
      if (writer.beat()) say({ type: 'changed' });
    } catch {
      // a full disk shows where somebody waits for an answer; the next beat tries again
    }
  }

  function trim(): void {
    let isMore = false;
    try {
      isMore = writer.trim(Date.now());
    } catch {
      // as with the beat
    }
    trimming = setTimeout(trim, isMore ? TRIM_AGAIN_MS : TRIM_MS);
  }

  function lengthen(): void {
    try {
      lengthenLog(database, file);
    } catch {
      // as with the beat
    }
  }

  function end(): void {
    clearInterval(beating);
    clearTimeout(lengthening);
    clearTimeout(trimming);
    clearInterval(polling);
    try {
      writer.leave();
    } catch {
      // whoever looks next finds this process gone, and gives back what it held
    }
    database.close();
    say({ type: 'closed' });
    parentPort?.close();
  }

  // at once, for what the same program held before it was killed
  beat();
  // only who takes deliveries looks after those of others
  const beating = setInterval(() => writer.hasOwner && beat(), BEAT_MS);
  const lengthening = setTimeout(lengthen, LENGTHEN_MS);
  let trimming = setTimeout(trim, TRIM_MS);
  const polling = setInterval(() => version.hasChanged() && say({ type: 'changed' }), POLL_MS);
  parentPort?.on('message', (first: ToThread) => {
    const { groups, isEnd } = drain(first);
    try {
      if (groups.length > 0) say({ type: 'done', ...writer.apply(groups) });
    } catch (error) {
      say({ type: 'failed', groups: groups.length, ...faultOf(error, file) });
    }
    if (isEnd) end();
  });
}

try {
  serve();
  say({ type: 'open' });
} catch (error) {
  say({ type: 'refused', ...faultOf(error, file) });
  parentPort?.close();
}
