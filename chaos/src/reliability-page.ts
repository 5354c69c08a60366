import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { EXPERIMENTS } from './experiments/index.ts';
import type { StageName } from './fleet/backing.ts';
import { type Figures, summaryOf } from './report.ts';

const PAGE = new URL('../../docs/reliability.md', import.meta.url);
const [BEGIN, END] = ['<!-- figures -->\n', '<!-- end of figures -->'];
const COLUMNS: readonly (readonly StageName[])[] = [['embedded', 'small-disk'], ['pulsar']];

/** The commit that is checked out, and whether anything differs from it. */
export function checkedOut(): string {
  return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
}

/** Puts the figures of a run into the page, in the place of the earlier ones. */
export async function writePage(figures: Figures): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined)
    throw new Error('docs/reliability.md has no place for figures');
  await writeFile(PAGE, `${before}${BEGIN}\n${figuresOf(figures)}\n${END}${after}`);
}

function figuresOf(figures: Figures): string {
  const total = (count: 'lost' | 'secondEnds') =>
    figures.experiments.reduce((sum, played) => sum + played[count], 0);
  return [
    `One run, commit ${figures.commit}, on ${availableParallelism()} cores: ${summaryOf(figures)}.`,
    `Jobs lost: ${total('lost')}. Second ends: ${total('secondEnds')}.`,
    '',
    '| experiment | what is done | embedded | Pulsar |',
    '| --- | --- | --- | --- |',
    ...EXPERIMENTS.map(({ name, injects }) => {
      const cells = COLUMNS.map((stages) => cellOf(figures, name, stages));
      return `| \`${name}\` | ${injects} | ${cells.join(' | ')} |`;
    }),
    '',
  ].join('\n');
}

function cellOf({ experiments }: Figures, name: string, stages: readonly string[]): string {
  const played = experiments.find((each) => each.name === name && stages.includes(each.stage));
  if (!played) return '—';
  const { accepted, recoveryMs, violations } = played;
  const recovery = recoveryMs === undefined ? 'never' : `${(recoveryMs / 1_000).toFixed(1)} s`;
  return `${accepted} jobs, ${recovery}${violations.length > 0 ? ', **broken**' : ''}`;
}
