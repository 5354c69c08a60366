import type { Explanation, Tally } from './campaign.ts';

/** What many schedules came to, as a table of what happened in them. */
export function describeTally(tally: Tally, seconds: number): string {
  const jobs = tally.counts.get('jobs accepted') ?? 0;
  const rate = Math.round(tally.schedules / seconds);
  const groups = new Map<string, string[]>();
  for (const [what, count] of [...tally.counts].sort()) {
    const [group = '', rest] = what.split(': ');
    const lines = groups.get(rest === undefined ? '' : group) ?? [];
    groups.set(rest === undefined ? '' : group, lines);
    lines.push(`${String(count).padStart(10)}  ${rest ?? group}`);
  }
  const tables = [...groups].flatMap(([group, lines]) => ['', group || 'and', ...lines]);
  return [
    `${tally.schedules} schedules with ${jobs} jobs and ${tally.happenings} steps in ${seconds.toFixed(1)} s: ${rate} schedules/s`,
    `the longest recovery took ${(tally.longestRecoveryMs / 1_000).toFixed(1)} s of virtual time`,
    ...tables,
  ].join('\n');
}

/** A failed schedule for people, and how to see it again. */
export function describeFailure(explanation: Explanation, mutant: string | undefined): string {
  const { seed, violations, lines, faults, without } = explanation;
  const options = [
    `--seed ${seed}`,
    ...(without.length > 0 ? [`--without ${without.join(',')}`] : []),
    ...(mutant === undefined ? [] : [`--mutant ${mutant}`]),
  ];
  return [
    ...lines,
    '',
    `seed ${seed}`,
    ...(violations.length > 0
      ? violations.map((violation) => `✗ ${violation}`)
      : ['✓ every promise was kept']),
    faults.length > 0 ? `with ${faults.length} faults:` : 'without any fault',
    ...faults.map((fault) => `  ${fault}`),
    `again: npm run simulate -- ${options.join(' ')}`,
  ].join('\n');
}
