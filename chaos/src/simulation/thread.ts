/** One thread of the simulation: its time is virtual, its modules are the product's. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Campaign, Explanation, Tally } from './campaign.ts';
import { installModuleHooks } from './module-hooks.ts';
import { installVirtualTime } from './virtual-time.ts';

/** What a thread is asked to do. */
export type Task =
  | { readonly do: 'campaign'; readonly campaign: Campaign }
  | {
      readonly do: 'explain';
      readonly seed: number;
      readonly mutant: string | undefined;
      readonly without: readonly number[];
    };

export type TaskResult = Tally | Explanation;

// errors are made by the thousand, and nobody reads where
Error.stackTraceLimit = 0;
installModuleHooks();
const { explain, runCampaign } = await import('./campaign.ts');
// the first picture would load it, which is nothing that a schedule can wait for
await import('sharp' as string);
installVirtualTime();

const task = workerData as Task;
parentPort?.postMessage(
  task.do === 'campaign'
    ? await runCampaign(task.campaign)
    : await explain(task.seed, task.mutant, task.without),
);
