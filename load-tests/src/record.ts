import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { genfleet } from '../../services/all-in-one/test/services.ts';
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

/**
 * Waits until no job is open and holds the ledger against the receipts, and against itself, for the jobs whose client
 * had hung up before it was given a receipt.
 */
export async function checkRecord(
  baseUrl: string,
  env: Readonly<Record<string, string>>,
  { folder, receipts }: { readonly folder: string; readonly receipts: number },
): Promise<RecordCheck> {
  const drainSeconds = await drain(baseUrl);
  const subjects = [...(receipts > 0 ? [['--receipts', join(folder, 'receipts.jsonl')]] : []), []];
  const lines: string[] = [];
  let isWell = drainSeconds !== undefined;
  for (const subject of subjects) {
    const { code, stdout, stderr } = await genfleet(env, ['verify', ...subject]);
    isWell &&= code === 0;
    lines.push(...(code === 0 ? stdout : stdout + stderr).trim().split('\n'));
  }
  return { isWell, lines, drainSeconds };
}

async function drain(baseUrl: string): Promise<number | undefined> {
  const startMs = performance.now();
  while (performance.now() - startMs < DRAIN_MS) {
    // it may be too busy to answer in time
    const open = await openJobs(baseUrl).catch(() => undefined);
    if (open === 0) return (performance.now() - startMs) / 1_000;
    await sleep(LOOK_MS);
  }
  return undefined;
}
