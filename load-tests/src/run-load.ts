import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { planOf } from '../shapes.ts';
import { findK6 } from './find-k6.ts';
import { checkRecord, type RecordCheck } from './record.ts';
import { type K6Result, runK6 } from './run-k6.ts';
import { kneeOf, type Verdict, verdictsOf } from './summary.ts';
import { countsLine, measuredOf, timesTable, verdictTable } from './table.ts';
import { startTarget, type Target, targetAt } from './target.ts';
import { type Watched, watchProduct } from './watch.ts';
import type { LoadWords } from './words.ts';

/** How the command ends. A missed threshold is k6's own code. */
export const EXIT = { held: 0, failed: 1, misunderstood: 2, missed: 99, interrupted: 130 } as const;

export interface LoadContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by the first Ctrl-C, and by the second. */
  readonly interrupted: readonly [AbortSignal, AbortSignal];
  /** Unix time in ms. */
  now(): number;
  say(line: string): void;
  complain(line: string): void;
}

interface Outcome extends K6Result {
  readonly verdicts: readonly Verdict[];
  readonly watched: Watched | undefined;
  readonly record: RecordCheck | undefined;
}

/**
 * Runs a scenario against `BASE_URL`, or against a product of its own, and prints what came of it.
 * @returns the exit code. @throws Error when it could not be run.
 */
export async function runLoad(words: LoadWords, context: LoadContext): Promise<number> {
  const [gently] = context.interrupted;
  const k6 = await findK6();
  const baseUrl = context.env['BASE_URL'];
  const target = baseUrl
    ? await targetAt(baseUrl)
    : await startTarget(planOf(words.scenario).product?.(words.smoke) ?? {}, words.fleet);
  try {
    if (gently.aborted) return EXIT.interrupted;
    const started = new Date(context.now()).toISOString();
    const run = `load-${started.replaceAll(/[:.]/g, '-')}-${words.scenario}`;
    const folder = resolve(words.reports ?? join(import.meta.dirname, '../reports'), run);
    await mkdir(folder, { recursive: true });
    context.say(headline(words, target));
    const outcome = await measured(words, target, { k6, run, folder }, context);
    if (gently.aborted) {
      context.complain('interrupted: what was measured until then is in the report, and nothing is judged');
      return EXIT.interrupted;
    }
    for (const line of linesOf(outcome)) context.say(line);
    context.say(`report    ${relative(process.cwd(), join(folder, 'report.html'))}, summary.json beside it`);
    await writeFile(
      join(folder, 'summary.json'),
      `${JSON.stringify({ started, ...words, ...outcome }, undefined, 2)}\n`,
    );
    return judged(outcome, context);
  } finally {
    await target.end();
  }
}

async function measured(
  words: LoadWords,
  { url, own }: Target,
  at: { readonly k6: string; readonly run: string; readonly folder: string },
  { env, interrupted, complain }: LoadContext,
): Promise<Outcome> {
  const over = new AbortController();
  const watching = watchProduct(url, own?.pid, over.signal, complain);
  try {
    const tenantHeader = own?.env['TENANT_HEADER'] ?? env['LOAD_TENANT_HEADER'];
    const result = await runK6({ words, baseUrl: url, tenantHeader, env, interrupted, ...at });
    over.abort();
    const { folder } = at;
    const record = await checkRecord({
      url,
      ...(own ? { own } : {}),
      folder,
      ...result,
      signal: interrupted[0],
    });
    return { ...result, verdicts: verdictsOf(result.metrics, words), watched: await watching, record };
  } finally {
    over.abort();
  }
}

function headline({ scenario, shape }: LoadWords, { url, what }: Target): string {
  const { durationSeconds, rate, vus } = shape;
  const load = [
    ...(rate === undefined ? [] : [`${rate} a second`]),
    ...(vus === undefined ? [] : [`${vus} clients`]),
    `${durationSeconds} s`,
  ];
  return `${scenario} (${planOf(scenario).about}): ${load.join(', ')}, on ${url}, ${what}`;
}

function linesOf({ metrics, verdicts, watched, record, complaints }: Outcome): string[] {
  const { holds, breaks } = kneeOf(verdicts);
  return [
    '',
    ...timesTable(metrics),
    '',
    countsLine(metrics),
    ...complaints.map((line) => `  ${line}`),
    '',
    ...verdictTable(verdicts),
    '',
    ...(holds || breaks ? [`knee      ${kneeLine(holds, breaks)}`] : []),
    ...(watched ? [`product   ${productLine(watched)}`] : []),
    ...(record ? recordLines(record) : []),
  ];
}

const rateOf = ({ metric }: Verdict) => /step:([\d.]+)/.exec(metric)?.[1] ?? '?';

function kneeLine(holds: Verdict | undefined, breaks: Verdict | undefined): string {
  const up = holds ? `holds at ${rateOf(holds)} a second` : 'holds at none of the rates';
  return breaks
    ? `${up}, breaks at ${rateOf(breaks)} (${Math.round(100 * (breaks.measured ?? 1))} % of them late)`
    : `${up}, the highest that was asked for: ask for more with --rate`;
}

function productLine({ cores, residentMb, engineBusy, openJobs }: Watched): string {
  return [
    `${cores.mean.toFixed(2)} cores on average and ${cores.most.toFixed(2)} at most`,
    `${residentMb.toFixed(0)} MB at most`,
    `engine at work ${engineBusy.toFixed(2)} s a second`,
    `${openJobs} jobs open at most`,
  ].join(', ');
}

function recordLines({ lines, drainSeconds }: RecordCheck): string[] {
  const drained =
    drainSeconds === undefined
      ? 'jobs were still open when the wait ended'
      : `no job open ${drainSeconds.toFixed(1)} s later`;
  return [`ledger    ${drained}`, ...lines.map((line) => `          ${line}`)];
}

/** Says what was missed, all of it. @returns the exit code */
function judged({ verdicts, record }: Outcome, { complain }: LoadContext): number {
  const missed = verdicts.filter(({ held, knee }) => !held && !knee);
  for (const verdict of missed) {
    complain(`missed: ${verdict.metric} ${verdict.must} (${measuredOf(verdict)})`);
  }
  if (record && !record.isWell) {
    complain('the ledger is not well: see above');
    return EXIT.failed;
  }
  return missed.length > 0 ? EXIT.missed : EXIT.held;
}
