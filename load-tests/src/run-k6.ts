import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { type Metrics, metricsIn } from './summary.ts';
import type { LoadWords } from './words.ts';

/** k6 ends with this when a threshold was missed. */
const EXIT_THRESHOLDS = 99;
const SHOWN_COMPLAINTS = 10;

export interface K6Run {
  readonly words: LoadWords;
  readonly k6: string;
  readonly baseUrl: string;
  /** In which the API is told the tenant. */
  readonly tenantHeader: string | undefined;
  /** Names what the run makes. */
  readonly run: string;
  /** Where its report, its log and the receipts go. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends it: the first time with what is measured until then, the second time at once. */
  readonly interrupted: readonly [AbortSignal, AbortSignal];
}

export interface K6Result {
  readonly metrics: Metrics;
  readonly receipts: number;
  /** What scenario and k6 complained about, with how often, most often first. */
  readonly complaints: readonly string[];
}

/**
 * Runs one scenario and leaves `report.html` and `receipts.jsonl` in the folder.
 * @throws Error when k6 could not run it to its end.
 */
export async function runK6(run: K6Run): Promise<K6Result> {
  const { words, folder } = run;
  const paths = { summary: join(folder, 'k6.json'), console: join(folder, 'console.log') };
  const child = spawn(run.k6, k6Words(run, paths), {
    cwd: join(import.meta.dirname, '..'),
    env: k6Env(run),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [gently, atOnce] = run.interrupted;
  gently.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
  atOnce.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
  let complaints = '';
  child.stderr.on('data', (text: Buffer) => {
    complaints = (complaints + text.toString()).slice(-1_000_000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const counts = new Map<string, number>();
  for (const line of complaints.split('\n')) count(counts, line);
  const summary = await readFile(paths.summary, 'utf8').catch(() => undefined);
  if (summary === undefined || (code !== 0 && code !== EXIT_THRESHOLDS && !gently.aborted)) {
    throw new Error(`k6 ended with ${code} on ${words.scenario}: ${[...counts.keys()].join('; ')}`);
  }
  const receipts = await splitConsole(paths.console, join(folder, 'receipts.jsonl'), counts);
  await Promise.all([rm(paths.summary), rm(paths.console, { force: true })]);
  return { metrics: metricsIn(summary), receipts, complaints: mostOften(counts) };
}

function k6Words({ words }: K6Run, paths: { readonly summary: string; readonly console: string }): string[] {
  return [
    ...['run', '--quiet', '--no-color', '--no-usage-report', '--log-format=json'],
    ...['--address=', `--console-output=${paths.console}`, `--summary-export=${paths.summary}`],
    `scenarios/${words.scenario}.ts`,
  ];
}

function k6Env({ words, baseUrl, tenantHeader = '', run, folder, env }: K6Run): Record<string, string> {
  const { shape, smoke, thresholds } = words;
  const periodSeconds = Math.max(1, Math.round(shape.durationSeconds / 60));
  return {
    PATH: env['PATH'] ?? '',
    HOME: env['HOME'] ?? '',
    ...passedOn(env),
    BASE_URL: baseUrl,
    LOAD_RUN: run,
    LOAD_SMOKE: smoke ? '1' : '',
    LOAD_RECEIPTS: '1',
    LOAD_TENANT_HEADER: tenantHeader,
    LOAD_DURATION_SECONDS: String(shape.durationSeconds),
    LOAD_RATE: String(shape.rate ?? ''),
    LOAD_VUS: String(shape.vus ?? ''),
    LOAD_THRESHOLDS: JSON.stringify(thresholds),
    K6_WEB_DASHBOARD: 'true',
    // no server, only the file at the end
    K6_WEB_DASHBOARD_PORT: '-1',
    K6_WEB_DASHBOARD_PERIOD: `${periodSeconds}s`,
    K6_WEB_DASHBOARD_EXPORT: join(folder, 'report.html'),
  };
}

/** What a scenario takes from the shell of whoever runs it. */
function passedOn(env: K6Run['env']): Record<string, string> {
  const names = ['LOAD_TOKENS', 'LOAD_TEXT_MODEL'];
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly error?: string;
}

/** Receipts and complaints come on one console: writes those into a file, counts these. @returns how many receipts. */
async function splitConsole(from: string, to: string, counts: Map<string, number>): Promise<number> {
  let receipts = 0;
  async function* receiptsOf(lines: AsyncIterable<string>) {
    for await (const line of lines) {
      const { level, msg } = logLine(line);
      if (level !== 'info') count(counts, line);
      else {
        receipts += 1;
        yield `${msg}\n`;
      }
    }
  }
  const input = createReadStream(from);
  // nothing was said, so there is no file
  const isThere = await new Promise<boolean>((resolve) => {
    input.once('open', () => resolve(true)).once('error', () => resolve(false));
  });
  if (isThere) await pipeline(createInterface({ input }), receiptsOf, createWriteStream(to));
  return receipts;
}

function count(counts: Map<string, number>, line: string): void {
  const { msg, error } = logLine(line);
  // the table shows which thresholds were missed, and scenarios say of which requests it was not wanted that they fail
  if (msg === undefined || /^(?:thresholds on metrics|Request Failed$)/.test(msg)) return;
  // addresses and ids differ from one to the next of the same kind
  const text = [msg, error]
    .filter(Boolean)
    .join(': ')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '…');
  counts.set(text, (counts.get(text) ?? 0) + 1);
}

function logLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return line === '' ? {} : { msg: line };
  }
}

function mostOften(counts: ReadonlyMap<string, number>): string[] {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.slice(0, SHOWN_COMPLAINTS).map(([text, times]) => `${times} × ${text}`);
}
