import type { ArtifactStore } from '@genfleet/artifacts';
import type { Position } from '@genfleet/bus';
import { type JobStatus, jobIdTimeMs, KINDS, type Kind, type Receipt } from '@genfleet/job';
import { spareHeap } from '../heap-thrift.ts';
import { checkArtifact } from './check-artifact.ts';
import { type JobHistory, type JobVerdict, judgeJob } from './judge.ts';
import { type ReplayOptions, replay } from './replay.ts';
import { type ReadHistory, Scratch } from './scratch.ts';
import type { Violation } from './violation.ts';

/** Further than this from one another no two clocks of a fleet are. */
const CLOCK_SKEW_MS = 600_000;
/** Artifacts that are read at once. */
const FILES_AT_ONCE = 8;
const NAMED_OPEN_JOBS = 20;
const STALL_MS = 30_000;

/** Jobs whose requests were published from one time up to, not including, another; Unix ms. */
export interface TimeRange {
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** What is to be verified: these receipts with the jobs they are of, or all jobs requested within a time. */
export type Subject =
  | { readonly receipts: AsyncIterable<Receipt> | Iterable<Receipt> }
  | { readonly range: TimeRange };

export interface Progress {
  readonly stage: 'reading' | 'judging';
  readonly messages: number;
  readonly jobs: number;
}

export interface VerifyOptions {
  readonly bus: ReplayOptions['bus'];
  /** Undefined leaves artifacts unread. */
  readonly artifacts: Pick<ArtifactStore, 'read'> | undefined;
  readonly subject: Subject;
  /** Only jobs of this kind. */
  readonly kind?: Kind;
  /** How long the topic of this name keeps what was acknowledged, in ms; `Infinity` for ever. */
  readonly retentionMs: (topic: string) => number;
  /** Unix time in ms. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onViolation: (violation: Violation) => void;
  /** Each job once it was judged and its artifacts were read. */
  readonly onJob?: (verdict: JobVerdict) => void;
  readonly onProgress?: (progress: Progress) => void;
  /** How long the bus may keep a batch back before it is asked whether it answers. */
  readonly stallMs?: number;
}

export interface Verified {
  jobs: number;
  receipts: number;
  messages: number;
  artifacts: number;
  readonly byStatus: Partial<Record<JobStatus, number>>;
  expired: number;
  repeats: number;
  races: number;
  violations: number;
}

/**
 * Replays the topics and holds them against the receipts, or against themselves. Memory is bounded whatever their
 * length: what is read goes into a temporary file, and is judged job by job. May run beside a fleet at work.
 * @throws GenfleetError as the bus does; what the signal aborts with.
 */
export async function verifyLedger(options: VerifyOptions): Promise<Verified> {
  const scratch = new Scratch();
  const letGo = spareHeap();
  try {
    return await new Verification(options, scratch).run();
  } finally {
    letGo();
    scratch.close();
  }
}

class Verification {
  readonly #options: VerifyOptions;
  readonly #scratch: Scratch;
  readonly #verified: Verified;
  readonly #open = new Map<Kind, { jobs: number; readonly oldest: string[] }>();
  readonly #reading = new Set<Promise<void>>();
  #fault: unknown;

  constructor(options: VerifyOptions, scratch: Scratch) {
    this.#options = options;
    this.#scratch = scratch;
    this.#verified = {
      ...{ jobs: 0, receipts: 0, messages: 0, artifacts: 0, byStatus: {} },
      ...{ expired: 0, repeats: 0, races: 0, violations: 0 },
    };
  }

  async run(): Promise<Verified> {
    const { subject, kind, signal } = this.#options;
    const isByReceipt = 'receipts' in subject;
    if (isByReceipt) await this.#takeReceipts(subject.receipts);
    const kinds = isByReceipt ? this.#scratch.kinds() : kind ? [kind] : KINDS;
    const sinceMs = isByReceipt ? this.#scratch.oldestMs : subject.range.fromMs;
    const fromMs = sinceMs === undefined ? undefined : Math.max(0, sinceMs - CLOCK_SKEW_MS);
    const untilMs = isByReceipt
      ? undefined
      : (subject.range.toMs ?? Number.POSITIVE_INFINITY) + CLOCK_SKEW_MS;
    const inLine = await this.#replay(
      kinds,
      fromMs === undefined ? 'earliest' : { atTimeMs: fromMs },
      untilMs,
    );
    for (const history of this.#scratch.jobs()) {
      signal.throwIfAborted();
      const isWhole = fromMs === undefined || (jobIdTimeMs(history.id) ?? 0) >= fromMs;
      if (!isByReceipt && !isWithin(history, isWhole, subject.range)) continue;
      await this.#judge({ ...history, isWhole }, inLine.get(history.kind) ?? 0);
    }
    await Promise.all(this.#reading);
    this.#throwFault();
    for (const [kind, count] of inLine) this.#compareLine(kind, count);
    return this.#verified;
  }

  async #takeReceipts(receipts: AsyncIterable<Receipt> | Iterable<Receipt>): Promise<void> {
    const { kind, signal } = this.#options;
    for await (const receipt of receipts) {
      signal.throwIfAborted();
      if (kind === undefined || receipt.kind === kind) this.#scratch.addReceipt(receipt);
    }
    this.#verified.receipts = this.#scratch.receiptCount();
  }

  #replay(kinds: readonly Kind[], from: Position, untilMs: number | undefined) {
    const { bus, signal, stallMs = STALL_MS } = this.#options;
    const only: ReplayOptions['only'] = untilMs === undefined ? 'receipts' : { untilMs };
    const onViolation = (violation: Violation) => this.#say(violation);
    const onMessages = (_topic: string, messages: number) => {
      this.#verified.messages += messages;
      this.#progress('reading');
    };
    return replay({ bus, kinds, from, only, signal, stallMs, onViolation, onMessages }, this.#scratch);
  }

  async #judge(history: JobHistory, inLine: number): Promise<void> {
    const { now, retentionMs } = this.#options;
    const verdict = judgeJob(history, { nowMs: now(), retentionMs, inLine });
    if (verdict.isWaiting) this.#countOpen(verdict);
    while (this.#reading.size >= FILES_AT_ONCE) await Promise.race(this.#reading);
    this.#throwFault();
    const finishing = this.#finish(verdict).catch((error: unknown) => {
      this.#fault ??= error;
    });
    this.#reading.add(finishing);
    void finishing.finally(() => this.#reading.delete(finishing));
    // a job without files is done by now
    if (verdict.files.length === 0) await finishing;
  }

  /** Reads what the job made, and counts it. */
  async #finish(verdict: JobVerdict): Promise<void> {
    const { artifacts, signal, onJob } = this.#options;
    const violations = [...verdict.violations];
    if (artifacts) {
      for (const file of verdict.files) {
        signal.throwIfAborted();
        const fault = await checkArtifact(artifacts, file);
        this.#verified.artifacts += 1;
        if (fault) violations.push({ ...fault, id: verdict.id, kind: verdict.kind });
      }
    }
    for (const violation of violations) this.#say(violation);
    const { byStatus } = this.#verified;
    byStatus[verdict.status] = (byStatus[verdict.status] ?? 0) + 1;
    const expired = verdict.receipts.filter(({ is }) => is === 'expired').length;
    this.#verified.expired += expired > 0 || !verdict.isExpired ? expired : 1;
    this.#verified.jobs += 1;
    this.#verified.repeats += verdict.repeats;
    this.#verified.races += verdict.races;
    this.#progress('judging');
    onJob?.({ ...verdict, violations });
  }

  #countOpen({ id, kind }: JobVerdict): void {
    const open = this.#open.get(kind) ?? { jobs: 0, oldest: [] };
    this.#open.set(kind, open);
    open.jobs += 1;
    if (open.oldest.length < NAMED_OPEN_JOBS) open.oldest.push(id);
  }

  /**
   * A job that had not ended after the bus was asked had a message in line when it was asked. So more open jobs than
   * messages means that some are lost, though not which; with no message at all each was named by itself.
   */
  #compareLine(kind: Kind, inLine: number): void {
    const open = this.#open.get(kind);
    const [id] = open?.oldest ?? [];
    if (!open || id === undefined || inLine === 0 || open.jobs <= inLine) return;
    const expected = `at most ${inLine} open jobs, since the bus holds no more of them`;
    const found = `${open.jobs} open jobs; the oldest: ${open.oldest.join(', ')}`;
    this.#say({ code: 'job_lost', id, kind, expected, found });
  }

  #say(violation: Violation): void {
    this.#verified.violations += 1;
    this.#options.onViolation(violation);
  }

  #progress(stage: Progress['stage']): void {
    const { messages, jobs } = this.#verified;
    this.#options.onProgress?.({ stage, messages, jobs });
  }

  #throwFault(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }
}

/** Whether the job was requested within the range; of one whose request is gone, whether it began there. */
function isWithin({ events }: ReadHistory, isWhole: boolean, { fromMs = 0, toMs }: TimeRange): boolean {
  const isInside = (timeMs: number) => timeMs >= fromMs && timeMs < (toMs ?? Number.POSITIVE_INFINITY);
  const requests = events.filter(({ trace }) => trace.type === 'requested');
  if (requests.some(({ order }) => isInside(order.timeMs))) return true;
  const [first] = events;
  return requests.length === 0 && isWhole && first !== undefined && isInside(first.order.timeMs);
}
