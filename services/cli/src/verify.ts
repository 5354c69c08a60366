import type { ArtifactStore } from '@genfleet/artifacts';
import { type Bus, fleetTopics } from '@genfleet/bus';
import { type Config, topicPolicy } from '@genfleet/config';
import { GenfleetError, JOB_STATUSES, type Receipt } from '@genfleet/job';
import {
  type JobVerdict,
  type Progress,
  type Verified,
  type Violation,
  verifyLedger,
} from '@genfleet/ledger';
import { readReceipts } from './read-receipts.ts';
import type { VerifyWords } from './verify-words.ts';

/** What `genfleet verify` needs of the process. */
export interface VerifyContext {
  openBus(config: Config): Promise<Bus>;
  openArtifacts(config: Config): Promise<ArtifactStore>;
  /** Aborts at Ctrl-C, from the first call on. */
  interrupted(): AbortSignal;
  /** Unix time in ms. */
  now(): number;
  say(line: string): void;
  complain(line: string): void;
}

const PROGRESS_MS = 5_000;
const NUMBER = new Intl.NumberFormat('en');

/**
 * Holds the ledger against receipts, or against itself, and names everything that is wrong.
 * @returns whether all is well; undefined when it was interrupted.
 * @throws GenfleetError as the bus and the reading of receipts do.
 */
export async function verify(
  words: VerifyWords,
  config: Config,
  context: VerifyContext,
): Promise<boolean | undefined> {
  const signal = context.interrupted();
  const retention = new Map(
    fleetTopics(topicPolicy(config)).map((spec) => [spec.topic.name, spec.retentionMs]),
  );
  const startMs = context.now();
  const { receipts, kind, json } = words;
  const bus = await context.openBus(config);
  let artifacts: ArtifactStore | undefined;
  try {
    if (words.artifacts === 'check') artifacts = await context.openArtifacts(config);
    const verified = await verifyLedger({
      bus,
      artifacts,
      subject:
        receipts === undefined
          ? { range: words }
          : { receipts: atLeastOne(readReceipts(receipts, signal), receipts) },
      ...(kind === undefined ? {} : { kind }),
      retentionMs: (topic) => retention.get(topic) ?? Number.POSITIVE_INFINITY,
      now: context.now,
      signal,
      onViolation: (violation) => context.say(json ? JSON.stringify({ violation }) : lineOf(violation)),
      ...(json ? { onJob: (verdict) => context.say(JSON.stringify({ job: jobOf(verdict) })) } : {}),
      onProgress: progressLines(context),
    });
    const seconds = (context.now() - startMs) / 1_000;
    context.say(json ? JSON.stringify({ summary: { ...verified, seconds } }) : summaryOf(verified, seconds));
    return verified.violations === 0;
  } catch (error) {
    if (!signal.aborted) throw error;
    context.complain('interrupted: nothing is proved');
    return undefined;
  } finally {
    await artifacts?.close();
    await bus.close();
  }
}

/** An empty file is more likely a mistake than a promise that nothing was promised. */
async function* atLeastOne(receipts: AsyncIterable<Receipt>, file: string): AsyncGenerator<Receipt> {
  let isEmpty = true;
  for await (const receipt of receipts) {
    isEmpty = false;
    yield receipt;
  }
  if (isEmpty) throw new GenfleetError('invalid_message', `${file} holds no receipt`);
}

function lineOf({ code, id, kind, expected, found }: Violation): string {
  return `${code} ${kind} ${id}: expected ${expected}; found ${found}`;
}

/** A job as `--json` prints it. */
function jobOf({
  id,
  kind,
  status,
  redrive,
  terminalStates,
  repeats,
  races,
  receipts,
  files,
  violations,
}: JobVerdict) {
  return {
    id,
    kind,
    status,
    redrive,
    terminal_states: terminalStates,
    repeats,
    races,
    receipts: receipts.map(({ receipt, is }) => ({
      topic: receipt.topic,
      message_id: receipt.message_id,
      is,
    })),
    artifacts: files.map(({ key }) => key),
    violations: violations.map(({ code }) => code),
  };
}

function summaryOf(verified: Verified, seconds: number): string {
  const { jobs, receipts, messages, artifacts, byStatus, repeats, races, expired, violations } = verified;
  const plural = (count: number, what: string) => `${NUMBER.format(count)} ${what}${count === 1 ? '' : 's'}`;
  const read = [
    ...(receipts > 0 ? [plural(receipts, 'receipt')] : []),
    plural(messages, 'message'),
    plural(artifacts, 'artifact'),
  ];
  const states = JOB_STATUSES.flatMap((status) =>
    byStatus[status] ? [`${NUMBER.format(byStatus[status])} ${status}`] : [],
  );
  const rest = [plural(repeats, 'repeat'), plural(races, 'race'), `${NUMBER.format(expired)} expired`];
  return [
    `verified ${plural(jobs, 'job')} (${read.join(', ')}) in ${seconds.toFixed(1)} s`,
    [
      ...(states.length > 0 ? [states.join(', ')] : []),
      rest.join(', '),
      plural(violations, 'violation'),
    ].join('; '),
  ].join(': ');
}

/** Says how far it is every few seconds, so that nobody takes a long run for one that hangs. */
function progressLines({ now, complain }: VerifyContext): (progress: Progress) => void {
  let nextMs = now() + PROGRESS_MS;
  return ({ stage, messages, jobs }) => {
    const nowMs = now();
    if (nowMs < nextMs) return;
    nextMs = nowMs + PROGRESS_MS;
    const judged = stage === 'judging' ? `, ${NUMBER.format(jobs)} jobs judged` : '';
    complain(`${stage}: ${NUMBER.format(messages)} messages read${judged}`);
  };
}
