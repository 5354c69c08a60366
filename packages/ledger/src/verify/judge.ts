import { type JobStatus, jobIdTimeMs, type Kind, type Receipt, topicOf } from '@genfleet/job';
import { type Claim, relate } from './outcomes.ts';
import type { Told, Trace, TracedFile, TracedOutcome } from './trace.ts';
import type { Violation, ViolationCode } from './violation.ts';

/** What stands in the ledger where a receipt points to. */
export interface Found {
  readonly sha256: string;
  /** The key of the message. */
  readonly id: string;
}

/** All that was read of one job. */
export interface JobHistory {
  readonly id: string;
  readonly kind: Kind;
  /** In ledger order within each life, lives in their order. */
  readonly events: readonly Told[];
  readonly receipts: readonly { readonly receipt: Receipt; readonly found: Found | undefined }[];
  /** False when only the end of the topics was read and the job may have begun before. */
  readonly isWhole: boolean;
}

export interface Standards {
  /** Unix time in ms. */
  readonly nowMs: number;
  /** How long the topic of this name keeps what was acknowledged, in ms; `Infinity` for ever. */
  readonly retentionMs: (topic: string) => number;
  /** Jobs of this kind that the bus holds for workers, at a time when everything settled had been published. */
  readonly inLine: number;
}

export interface ReceiptVerdict {
  readonly receipt: Receipt;
  /** `expired`: its topic keeps acknowledged messages for a shorter time, and the job has ended. */
  readonly is: 'equal' | 'changed' | 'missing' | 'expired' | 'of another job';
}

export interface JobVerdict {
  readonly id: string;
  readonly kind: Kind;
  readonly status: JobStatus;
  readonly redrive: number;
  /** Ends of the current life that tell different things and can't both be right: 1 when all is well, 0 while open. */
  readonly terminalStates: number;
  /** Further outcomes in all lives that change nothing. */
  readonly repeats: number;
  readonly races: number;
  readonly receipts: readonly ReceiptVerdict[];
  /** Its request is gone by retention, though no receipt asked for it. */
  readonly isExpired: boolean;
  /** It waits or runs, and did so before the bus was asked what is in line. */
  readonly isWaiting: boolean;
  /** What the job is recorded to have made. */
  readonly files: readonly TracedFile[];
  readonly violations: readonly Violation[];
}

interface Life {
  readonly redrive: number;
  readonly requests: readonly Told[];
  readonly claims: readonly Claim[];
  readonly outcomes: readonly Told<TracedOutcome>[];
  /** Whether all that was written in it was read. */
  readonly isWhole: boolean;
}

/** Holds what was read of a job against what Genfleet promises. Pure. */
export function judgeJob(history: JobHistory, standards: Standards): JobVerdict {
  const { id, kind } = history;
  const lives = livesOf(history);
  const current = lives.at(-1);
  const outcome = current?.outcomes[0]?.trace;
  const violations: Violation[] = [];
  const blame = (code: ViolationCode, expected: string, found: string) =>
    void violations.push({ code, id, kind, expected, found });
  const isPast = (topic: string) => outcome !== undefined && isOlder(history, topic, standards);

  const receipts = history.receipts.map((each) => judgeReceipt(each, isPast, blame));
  const tally = { repeats: 0, races: 0, contradictions: 0, isExpired: false };
  for (const life of lives) {
    const isRequestPast = isPast(topicOf('requested', kind).name);
    if (life.requests.length === 0 && life.isWhole) {
      if (isRequestPast) tally.isExpired = true;
      else blame('request_missing', `a request of life ${life.redrive}`, `${count(life)} without one`);
    }
    judgeOrigin(life, lives, history.isWhole, blame);
    judgeClaims(life, blame);
    const ends = judgeOutcomes(life, kind, blame);
    tally.repeats += ends.repeats;
    tally.races += ends.races;
    if (life === current) tally.contradictions = ends.contradictions;
  }
  const isWaiting = outcome === undefined && (current?.requests.some(({ isSettled }) => isSettled) ?? false);
  if (isWaiting && standards.inLine === 0) {
    blame('job_lost', 'an outcome, or its message in line', 'neither: no message is in line any more');
  }
  return {
    id,
    kind,
    status: outcome?.type ?? openStatus(current),
    redrive: current?.redrive ?? 0,
    terminalStates: outcome ? 1 + tally.contradictions : 0,
    repeats: tally.repeats,
    races: tally.races,
    receipts,
    isExpired: tally.isExpired,
    isWaiting,
    files: outcome?.type === 'completed' ? outcome.files : [],
    violations,
  };
}

type Blame = (code: ViolationCode, expected: string, found: string) => void;

function judgeReceipt(
  { receipt, found }: JobHistory['receipts'][number],
  isPast: (topic: string) => boolean,
  blame: Blame,
): ReceiptVerdict {
  const { id, topic, message_id, sha256 } = receipt;
  const message = `message ${message_id} on ${topic}`;
  if (!found) {
    if (isPast(topic)) return { receipt, is: 'expired' };
    blame('message_missing', message, 'no such message');
    return { receipt, is: 'missing' };
  }
  if (found.id !== id) {
    blame('message_of_another_job', `${message} about this job`, `one about ${JSON.stringify(found.id)}`);
    return { receipt, is: 'of another job' };
  }
  if (found.sha256 !== sha256) {
    blame('message_changed', `${message} with SHA-256 ${sha256}`, `SHA-256 ${found.sha256}`);
    return { receipt, is: 'changed' };
  }
  return { receipt, is: 'equal' };
}

/** A life after the first begins with a redrive, which only a dead letter allows. */
function judgeOrigin(life: Life, lives: readonly Life[], isWhole: boolean, blame: Blame): void {
  const isSettled = life.requests.some((request) => request.isSettled);
  if (life.redrive === 0 || !isWhole || !isSettled) return;
  const before = lives.find(({ redrive }) => redrive === life.redrive - 1);
  if (before?.outcomes.some(({ trace }) => trace.type === 'dead')) return;
  blame('dead_letter_missing', `a dead letter of life ${life.redrive - 1}`, `a redrive without one`);
}

/** Nothing runs before its claim is in the ledger, but what is forgotten with its connection. */
function judgeClaims(life: Life, blame: Blame): void {
  if (!life.isWhole) return;
  for (const { trace, order } of life.outcomes) {
    if (trace.type === 'cancelled' || trace.worker === undefined) continue;
    const by = trace.worker;
    if (life.claims.some(({ worker }) => worker === by)) continue;
    blame('claim_missing', `a claim of worker ${by} in life ${life.redrive}`, at(trace, order.messageId));
  }
}

function judgeOutcomes(life: Life, kind: Kind, blame: Blame) {
  const tally = { repeats: 0, races: 0, contradictions: 0 };
  const [first, ...later] = life.outcomes;
  if (!first) return tally;
  for (const each of later) {
    const relation = relate(first, each, life.claims, kind);
    if (relation === 'repeat') tally.repeats += 1;
    else if (relation === 'race') tally.races += 1;
    else {
      tally.contradictions += 1;
      const one = at(first.trace, first.order.messageId);
      blame(
        'second_outcome',
        `one outcome of life ${life.redrive}: ${one}`,
        at(each.trace, each.order.messageId),
      );
    }
  }
  return tally;
}

function livesOf({ events, isWhole }: JobHistory): readonly Life[] {
  const byRedrive = Map.groupBy(events, ({ trace }) => trace.redrive);
  const lives = [...byRedrive].map(([redrive, told]): Life => {
    const requests = told.filter(({ trace }) => trace.type === 'requested');
    const hasBegun = requests.some(({ trace }) => trace.type === 'requested' && trace.attempt === 1);
    return {
      redrive,
      requests,
      claims: [...claimsOf(told), ...unclaimedRuns(told)],
      outcomes: told.filter(isOutcome),
      isWhole: isWhole || hasBegun,
    };
  });
  return lives.sort((a, b) => a.redrive - b.redrive);
}

function isOutcome(told: Told): told is Told<TracedOutcome> {
  return told.trace.type !== 'requested' && told.trace.type !== 'started';
}

/** A claim and its release are one. */
function claimsOf(told: readonly Told[]): readonly Claim[] {
  const byClaim = new Map<string, Claim>();
  for (const { trace, order } of told) {
    if (trace.type !== 'started') continue;
    const { claim, worker, released } = trace;
    const known = byClaim.get(claim);
    byClaim.set(claim, {
      worker,
      released: released || (known?.released ?? false),
      timeMs: Math.min(order.timeMs, known?.timeMs ?? Number.POSITIVE_INFINITY),
    });
  }
  return [...byClaim.values()];
}

/** Runs of a fleeting job that ended before they were to be claimed: each outcome says whose it was. */
function unclaimedRuns(told: readonly Told[]): readonly Claim[] {
  const request = told.find(({ trace }) => trace.type === 'requested' && trace.isFleeting);
  if (!request) return [];
  const claimed = new Set(told.flatMap(({ trace }) => (trace.type === 'started' ? [trace.worker] : [])));
  const workers = new Set(
    told.flatMap(({ trace }) => ('worker' in trace && trace.worker !== undefined ? [trace.worker] : [])),
  );
  const unclaimed = [...workers].filter((worker) => !claimed.has(worker));
  return unclaimed.map((worker) => ({ worker, released: false, timeMs: request.order.timeMs }));
}

function openStatus(life: Life | undefined): JobStatus {
  if (!life) return 'unknown';
  if (life.claims.some(({ released }) => !released)) return 'running';
  return life.requests.length > 0 ? 'queued' : 'unknown';
}

/** Whether a message of the time at which the job was made may be gone from the topic by now. */
function isOlder({ id, events }: JobHistory, topic: string, { nowMs, retentionMs }: Standards): boolean {
  const madeMs = jobIdTimeMs(id) ?? events[0]?.order.timeMs ?? nowMs;
  return nowMs - madeMs > retentionMs(topic);
}

function at(trace: TracedOutcome, messageId: string): string {
  return `${describe(trace)} in message ${messageId}`;
}

function describe(trace: Trace): string {
  if (trace.type === 'dead') return `dead (${trace.code})`;
  if (trace.type !== 'completed') return trace.type;
  const files = trace.files.map(({ key, sha256 }) => `${key} ${sha256.slice(0, 12)}…`);
  return `completed by ${trace.worker} (${files.join(', ') || (trace.usage ?? 'no files')})`;
}

function count(life: Life): string {
  const types = [
    ...(life.claims.length > 0 ? ['started'] : []),
    ...life.outcomes.map(({ trace }) => trace.type),
  ];
  return types.join(', ') || 'nothing';
}
