import type { Played } from './play.ts';

const COLUMNS = [
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
  ['verdict', 7],
] as const;

const seconds = (ms: number | undefined) => (ms === undefined ? '—' : (ms / 1_000).toFixed(1));

export function headLine(): string {
  return lineOf(COLUMNS.map(([title]) => title));
}

/** One line for the table, then what was injected and what was wrong. */
export function linesOf(played: Played): string {
  const { name, accepted, completed, dead, lost, secondEnds, resets, busy } = played;
  const counts = [accepted, completed, dead, lost, secondEnds, resets, busy].map(String);
  const times = [played.faultMs, played.recoveryMs, played.settledMs].map(seconds);
  const verdict = played.violations.length === 0 ? 'kept' : 'BROKEN';
  const shown = played.violations.slice(0, 12).map((violation) => `    ! ${violation}`);
  const rest = played.violations.length - shown.length;
  return [
    lineOf([name, ...counts, ...times, verdict]),
    `    ${played.injects}`,
    ...shown,
    ...(rest > 0 ? [`    ! and ${rest} more`] : []),
  ].join('\n');
}

function lineOf(cells: readonly string[]): string {
  return cells
    .map((cell, index) => {
      const width = COLUMNS[index]?.[1] ?? 0;
      return index === 0 ? cell.padEnd(width) : cell.padStart(width);
    })
    .join(' ');
}
