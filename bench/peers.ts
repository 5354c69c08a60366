/**
 * `node bench/peers.ts [--only jobs,images,completions] [--peers bullmq,celery,temporal,bentoml,ray] [--quick]`: Genfleet beside
 * what else one would take, the same work in one run on this machine. Ends by itself, in less than eight
 * minutes on a quiet machine, with one table and what the places in it are due to. Before: bash bench/setup.sh
 */
import { parseArgs } from 'node:util';
import { measureCompletions } from './peers/completion-rows.ts';
import { IMAGE_PEERS, imageVerdicts, measureImages } from './peers/image-rows.ts';
import { JOB_PEERS, measureJobs } from './peers/job-rows.ts';
import { jobVerdicts } from './peers/job-verdicts.ts';
import { printVerdicts, type Verdict } from './peers/verdict.ts';

const JOB_SIZES = { jobs: 400, clients: 32, steadyJobs: 100 };
const QUICK_JOB_SIZES = { jobs: 100, clients: 16, steadyJobs: 20 };
const IMAGES = 40;
const QUICK_IMAGES = 12;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    peers: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});

/** The names in a flag, or all there are. @throws Error for one that is not there. */
function chosen(flag: string, list: string | undefined, all: Readonly<Record<string, unknown>>): string[] {
  const names = list?.split(',').filter((name) => name !== '') ?? Object.keys(all);
  const unknown = names.filter((name) => !(name in all));
  if (unknown.length === 0) return names;
  throw new Error(`--${flag}: there is no ${unknown.join(', ')}, but ${Object.keys(all).join(', ')}`);
}

const peers = chosen('peers', values.peers, { ...JOB_PEERS, ...IMAGE_PEERS });
const sections: Readonly<Record<string, () => Promise<readonly Verdict[]>>> = {
  jobs: async () => jobVerdicts(await measureJobs(peers, values.quick ? QUICK_JOB_SIZES : JOB_SIZES)),
  images: async () => imageVerdicts(await measureImages(peers, values.quick ? QUICK_IMAGES : IMAGES)),
  completions: measureCompletions,
};

const wanted = chosen('only', values.only, sections);
const startMs = performance.now();
const verdicts: Verdict[] = [];
const failed: string[] = [];
for (const name of wanted) {
  console.log(`\n# ${name}\n`);
  try {
    verdicts.push(...((await sections[name]?.()) ?? []));
  } catch (error) {
    // the rows of the others are worth having
    failed.push(name);
    console.error(error);
  }
}
printVerdicts(verdicts);
console.log(`\nAll in ${((performance.now() - startMs) / 1_000).toFixed(0)} s.`);
if (failed.length > 0) console.log(`Not measured: ${failed.join(', ')}.`);
// what was leased ends with this process
process.exit(failed.length > 0 ? 1 : 0);
