/** `npm run chaos`: see docs/reliability.md. Exits with 1 when a promise was broken, or a broken build was not noticed. */
import { writeFile } from 'node:fs/promises';
import { EXPERIMENTS } from './experiments/index.ts';
import type { StageName } from './fleet/backing.ts';
import { MUTANTS } from './inside/mutants.ts';
import type { Played } from './play.ts';
import { checkedOut, writePage } from './reliability-page.ts';
import { headLine, linesOf, summaryOf } from './report.ts';
import { interrupt, isCaught, runOn } from './run.ts';
import { readWords, USAGE, type Words } from './words.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

/** Those of a list that were asked for. @throws Error for a name that is not in it. */
function chosen<T extends { readonly name: string }>(all: readonly T[], { only }: Words): readonly T[] {
  const unknown = only?.filter((name) => !all.some((each) => each.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')}; --list shows what there is`);
  return only ? all.filter(({ name }) => only.includes(name)) : all;
}

function list(): void {
  for (const { name, injects, on, shortOn = [] } of EXPERIMENTS) {
    const where = on.map((stage) => (shortOn.includes(stage) ? `${stage}*` : stage));
    say(`${name.padEnd(34)} ${where.join(', ').padEnd(18)} ${injects}`);
  }
  for (const [name, { about, caughtBy }] of Object.entries(MUTANTS)) {
    say(`mutant ${name.padEnd(27)} ${caughtBy.padEnd(24)} ${about}`);
  }
}

/** One lane after the other stage of it, and the lanes side by side: mostly each waits for something. */
const LANES: readonly (readonly StageName[])[] = [['embedded', 'small-disk'], ['pulsar']];

async function experiments(words: Words): Promise<boolean> {
  const all: Played[] = [];
  const wanted = chosen(EXPERIMENTS, words);
  const startedMs = performance.now();
  const commit = words.page ? checkedOut() : '';
  say(headLine());
  const told = (played: Played) => {
    all.push(played);
    say(linesOf(played));
  };
  const lanes = LANES.map(async (lane) => {
    for (const stage of lane.filter((each) => words.stages.includes(each))) {
      const here = wanted.filter(({ on, shortOn }) => ((words.short ? shortOn : on) ?? []).includes(stage));
      if (here.length > 0) await runOn(stage, here, told);
    }
  });
  const broken = (await Promise.allSettled(lanes)).filter((lane) => lane.status === 'rejected');
  const figures = { commit, experiments: all, tookMs: performance.now() - startedMs };
  say(`\n${summaryOf(figures)}`);
  if (words.json) await writeFile(words.json, `${JSON.stringify(all, undefined, 2)}\n`);
  // what the other lane found stands
  for (const { reason } of broken) throw reason;
  if (words.page) await writePage(figures);
  return all.every(({ violations }) => violations.length === 0);
}

async function mutants(words: Words): Promise<boolean> {
  const survivors: string[] = [];
  for (const { name, about } of chosen(
    Object.entries(MUTANTS).map(([name, mutant]) => ({ name, ...mutant })),
    words,
  )) {
    const { violations, name: experiment } = await isCaught(name, EXPERIMENTS);
    if (violations.length === 0) survivors.push(name);
    say(`${violations.length > 0 ? 'caught  ' : 'SURVIVED'} ${name}: ${about}, by ${experiment}`);
    for (const violation of violations.slice(0, 4)) say(`    ${violation}`);
  }
  return survivors.length === 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);

try {
  const words = readWords(process.argv.slice(2));
  if (words.list) list();
  else if (!(await (words.mutants ? mutants(words) : experiments(words)))) process.exitCode = 1;
} catch (error) {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${USAGE}\n`,
  );
  process.exitCode = 2;
}
