import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { genfleet } from '../../services/all-in-one/test/services.ts';
import type { Target } from './target.ts';
import { openJobs } from './watch.ts';

const DRAIN_MS = 300_000;
const LOOK_MS = 250;

/** What the ledger says of the run. */
export interface RecordCheck {
  readonly isWell: boolean;
  /** What `genfleet verify` said at its end, and the violations. */
  readonly lines: readonly string[];
  /** From the end of the load until no job was open, in s; undefined when some still were. */
  readonly drainSeconds: number | undefined;
}

interface Checked extends Pick<Target, 'url' | 'own'> {
  /** Of the receipts. */
  readonly folder: string;
  readonly receipts: number;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/**
 * Waits until no job is open and holds the ledger against the receipts, and against itself, for the jobs whose client
 * had hung up before it was given a receipt.
 * @returns undefined for a product that was not started for the run, and after an interruption.
 */
export async function checkRecord(checked: Checked): Promise<RecordCheck | undefined> {
  const { own, folder, receipts, signal } = checked;
  if (!own) return undefined;
  const drainSeconds = await drain(checked);
  if (signal.aborted) return undefined;
  const last = own.lastWords();
  if (last !== undefined) {
    return {
      isWell: false,
      drainSeconds,
      lines: ['the product ended during the run', ...last.trim().split('\n')],
    };
  }
  const subjects = [...(receipts > 0 ? [['--receipts', join(folder, 'receipts.jsonl')]] : []), []];
  const lines: string[] = [];
  let isWell = drainSeconds !== undefined;
  for (const subject of subjects) {
    const { code, stdout, stderr } = await genfleet(own.env, ['verify', ...subject]);
    isWell &&= code === 0;
    lines.push(...(code === 0 ? stdout : stdout + stderr).trim().split('\n'));
  }
  return { isWell, lines, drainSeconds };
}

async function drain({ url, own, signal }: Checked): Promise<number | undefined> {
  const startMs = performance.now();
  while (performance.now() - startMs < DRAIN_MS && !signal.aborted && own?.lastWords() === undefined) {
    // it may be too busy to answer in time
    const open = await openJobs(url).catch(() => undefined);
    if (open === 0) return (performance.now() - startMs) / 1_000;
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}
