import type { Played } from './play.ts';

/** What one run has shown. */
export interface Figures {
  /** Of what was checked out when it began. */
  readonly commit: string;
  readonly experiments: readonly Played[];
  readonly tookMs: number;
}

const COLUMNS = [
  ['on', 10],
  ['experiment', 34],
  ['accepted', 8],
  ['completed', 9],
  ['dead', 4],
  ['lost', 4],
  ['2nd end', 7],
  ['resets', 6],
  ['busy', 5],
  ['fault s', 7],
  ['recovery s', 10],
  ['settled s', 9],
  ['took s', 6],
  ['verdict', 7],
] as const;

const seconds = (ms: number | undefined) => (ms === undefined ? '—' : (ms / 1_000).toFixed(1));

export function summaryOf({ experiments, tookMs }: Pick<Figures, 'experiments' | 'tookMs'>): string {
  const broken = experiments.filter(({ violations }) => violations.length > 0);
  const jobs = experiments.reduce((sum, { accepted }) => sum + accepted, 0);
  const played = `${experiments.length} experiments, ${jobs} jobs accepted`;
  const minutes = (tookMs / 60_000).toFixed(1);
  return `${played}; ${broken.length} experiments found a promise broken; ${minutes} minutes`;
}

export function headLine(): string {
  return lineOf(COLUMNS.map(([title]) => title));
}

/** One line for the table, then what was injected and what was wrong. */
export function linesOf(played: Played): string {
  const { stage, name, accepted, completed, dead, lost, secondEnds, resets, busy } = played;
  const counts = [accepted, completed, dead, lost, secondEnds, resets, busy].map(String);
  const times = [played.faultMs, played.recoveryMs, played.settledMs, played.tookMs].map(seconds);
  const verdict = played.violations.length === 0 ? 'kept' : 'BROKEN';
  const shown = played.violations.slice(0, 12).map((violation) => `    ! ${violation}`);
  const rest = played.violations.length - shown.length;
  return [
    lineOf([stage, name, ...counts, ...times, verdict]),
    `    ${played.injects}`,
    ...shown,
    ...(rest > 0 ? [`    ! and ${rest} more`] : []),
  ].join('\n');
}

function lineOf(cells: readonly string[]): string {
  return cells
    .map((cell, index) => {
      const width = COLUMNS[index]?.[1] ?? 0;
      return index < 2 ? cell.padEnd(width) : cell.padStart(width);
    })
    .join(' ');
}
