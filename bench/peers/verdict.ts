/** One row of the table: a figure of ours beside a peer's. */
export interface Verdict {
  readonly row: string;
  readonly peer: string;
  readonly ours: number;
  readonly theirs: number;
  readonly unit: string;
  /** Which of the two is wanted. */
  readonly better: 'more' | 'less';
  /** What the place is due to, from this run's own figures. */
  readonly why?: string;
}

/** How many times as good ours is: above 1 is first place, whichever way the unit runs. */
function advantage({ ours, theirs, better }: Verdict): number {
  return better === 'more' ? ours / theirs : theirs / ours;
}

/** The whole as a table in Markdown, ready for docs/performance.md. */
export function printVerdicts(verdicts: readonly Verdict[]): void {
  console.log('\n| | Genfleet | peer | ours / peer | first place |\n| --- | --- | --- | --- | --- |');
  for (const verdict of verdicts) {
    const { row, peer, ours, theirs, unit } = verdict;
    const figures = `${round(ours)} | ${peer} ${round(theirs)} | ${(ours / theirs).toFixed(2)}`;
    console.log(`| ${row}, ${unit} | ${figures} | ${placeOf(verdict)} |`);
  }
}

function placeOf(verdict: Verdict): string {
  const { ours, theirs, why } = verdict;
  // a contender that answered nothing in its time
  if (!(ours > 0 && theirs > 0)) return 'not measured';
  if (advantage(verdict) >= 1) return 'yes';
  return why === undefined ? 'no' : `no: ${why}`;
}

/** Three digits that say something. */
function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
