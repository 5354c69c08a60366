/** One thread of the simulation: its time is virtual, its modules are the product's. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Campaign } from './campaign.ts';
import { installModuleHooks } from './module-hooks.ts';
import { installVirtualTime } from './virtual-time.ts';

/** What a thread is asked to do. */
export type Task =
  | { readonly do: 'campaign'; readonly campaign: Campaign }
  | {
      readonly do: 'hunt';
      readonly mutants: readonly string[];
      readonly firstSeed: number;
      readonly schedules: number;
    }
  | {
      readonly do: 'explain';
      readonly seed: number;
      readonly mutant: string | undefined;
      readonly without: readonly number[];
    };

// errors are made by the thousand, and nobody reads where
Error.stackTraceLimit = 0;
installModuleHooks();
const { explain, hunt, runCampaign } = await import('./campaign.ts');
// the first picture would load it, which is nothing that a schedule can wait for
await import('sharp' as string);
installVirtualTime();

const task = workerData as Task;
switch (task.do) {
  case 'campaign':
    parentPort?.postMessage(await runCampaign(task.campaign));
    break;
  case 'hunt':
    parentPort?.postMessage(await hunt(task.mutants, task.firstSeed, task.schedules));
    break;
  case 'explain':
    parentPort?.postMessage(await explain(task.seed, task.mutant, task.without));
    break;
}
