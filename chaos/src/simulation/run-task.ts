import { Worker } from 'node:worker_threads';
import type { Explanation, Hunt, Tally } from './campaign.ts';
import type { Task } from './thread.ts';

/** A schedule's world is garbage after some milliseconds: with room for a few, hardly any of it is ever copied. */
const YOUNG_MB = 128;

/** Does a task in a thread of its own. Rejects with what the thread failed of. */
export function runTask(task: Extract<Task, { do: 'campaign' }>): Promise<Tally>;
export function runTask(task: Extract<Task, { do: 'hunt' }>): Promise<Hunt[]>;
export function runTask(task: Extract<Task, { do: 'explain' }>): Promise<Explanation>;
export function runTask(task: Task): Promise<Tally | Hunt[] | Explanation> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('thread.ts', import.meta.url), {
      workerData: task,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`a thread ended with ${code} and said nothing`)));
  });
}
