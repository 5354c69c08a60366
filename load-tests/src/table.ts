import type { Metrics, Verdict } from './summary.ts';

/** Lines of columns, the first flush left and the others flush right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  '),
  );
}

const COLUMNS = ['med', 'p(95)', 'p(99)', 'max'] as const;
/** k6's own times, of which only those of whole requests are worth a line; and of rates, those in the headline. */
const NOT_SHOWN =
  /^(?:http_req_(?!duration\{name:)|iteration_duration|vus|data_|iterations|http_reqs|checks|dropped)/;

/** `time_to_image{tenant:studio}` in words. */
function nameOf(metric: string): string {
  const [, name = metric, tag] = /^(\w+)\{(?:name:)?(.+)\}$/.exec(metric) ?? [];
  if (tag !== undefined && name === 'http_req_duration') return tag;
  const words = name.replace(/_(?:mb|jobs)$/, '').replaceAll('_', ' ');
  return tag === undefined ? words : `${words} (${tag.replace(':', ' ')})`;
}

/** A figure with its unit, which a metric has last in its name if it is not a time. */
function figure(metric: string, value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  if (/_mb(?:\{|$)/.test(metric)) return `${value.toFixed(0)} MB`;
  if (/_jobs(?:\{|$)/.test(metric)) return value.toFixed(0);
  if (value >= 10_000) return `${(value / 1_000).toFixed(1)} s`;
  return value >= 100 ? `${value.toFixed(0)} ms` : `${value.toFixed(value >= 10 ? 1 : 2)} ms`;
}

/** Distributions, one line each. */
export function timesTable(metrics: Metrics): string[] {
  const trends = Object.entries(metrics).filter(
    ([name, { med, count = 0 }]) => med !== undefined && count > 0 && !NOT_SHOWN.test(name),
  );
  const rows = trends
    .map(([name, values]) => [
      nameOf(name),
      String(values['count'] ?? 0),
      ...COLUMNS.map((column) => figure(name, values[column])),
    ])
    .sort(([a = ''], [b = '']) => a.localeCompare(b));
  return aligned([['', 'count', ...COLUMNS.map((column) => column.replace('med', 'p(50)'))], ...rows]);
}

/** What was counted, in one line. */
export function countsLine(metrics: Metrics): string {
  const requests = metrics['http_reqs'];
  const failed = metrics['http_req_failed']?.['passes'] ?? 0;
  const dropped = metrics['dropped_iterations']?.['count'] ?? 0;
  const counters = Object.entries(metrics).filter(
    ([name, { count, med }]) => count !== undefined && med === undefined && !NOT_SHOWN.test(name),
  );
  return [
    `${requests?.['count'] ?? 0} requests (${(requests?.['rate'] ?? 0).toFixed(1)}/s)`,
    `${failed} failed`,
    ...(dropped > 0 ? [`${dropped} clients dropped by k6`] : []),
    ...counters.map(([name, { count = 0 }]) => `${nameOf(name)} ${count}`).sort(),
  ].join(', ');
}

/** Each threshold, with what was measured and why it is there. */
export function verdictTable(verdicts: readonly Verdict[]): string[] {
  const figures = verdicts.map((verdict) => [
    `${markOf(verdict)} ${verdict.metric} ${verdict.must}`,
    measuredOf(verdict),
  ]);
  return aligned(figures).map((line, at) => `${line}   ${verdicts[at]?.because ?? ''}`);
}

const markOf = ({ held, knee }: Verdict) => (held ? '✓' : knee ? '·' : '✗');

/** What was measured, in the words of the threshold. */
export function measuredOf({ metric, must, measured }: Verdict): string {
  if (measured === undefined) return 'not measured';
  const isTime = /^(?:p\(|avg|min|med|max)/.test(must);
  return isTime ? figure(metric, measured) : String(Math.round(measured * 10_000) / 10_000);
}
