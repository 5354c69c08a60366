import type { Kind } from '@genfleet/job';
import type { Told, TracedOutcome } from './trace.ts';

/** How far behind the ledger the view of somebody who decides may be: who decides later than this knew. */
export const READ_LAG_MS = 60_000;

export interface Claim {
  readonly worker: string;
  readonly released: boolean;
  /** Unix time in ms at which it was published. */
  readonly timeMs: number;
}

/** What a later outcome of one life is to the first. */
export type Relation =
  /** The same again, as at-least-once delivery makes it. */
  | 'repeat'
  /** Another one, by somebody who could not have known the first. It changes nothing. */
  | 'race'
  /** Another one that should not have been written. */
  | 'contradiction';

export function relate(
  first: Told<TracedOutcome>,
  later: Told<TracedOutcome>,
  claims: readonly Claim[],
  kind: Kind,
): Relation {
  if (isSame(first.trace, later.trace)) return 'repeat';
  return couldNotKnow(first, later, claims, kind) ? 'race' : 'contradiction';
}

/** Whether two outcomes tell a client the same: times and workers don't matter, nor how a cancellation was worded. */
function isSame(a: TracedOutcome, b: TracedOutcome): boolean {
  if (a.type === 'dead') return b.type === 'dead' && a.code === b.code;
  if (a.type === 'cancelled') return b.type === 'cancelled';
  if (b.type !== 'completed' || a.usage !== b.usage || a.files.length !== b.files.length) return false;
  return a.files.every((file, index) => {
    const other = b.files[index];
    return other?.key === file.key && other.sha256 === file.sha256 && other.size_bytes === file.size_bytes;
  });
}

function couldNotKnow(
  first: Told<TracedOutcome>,
  later: Told<TracedOutcome>,
  claims: readonly Claim[],
  kind: Kind,
): boolean {
  const [one, other] = [first.trace, later.trace];
  // one request makes one picture, however many run it: one key can't hold two
  if (kind === 'txt2img' && one.type === 'completed' && other.type === 'completed') return false;
  const isDecision = other.type === 'cancelled' || (other.type === 'dead' && other.worker === undefined);
  if (isDecision && other.timeMs <= first.order.timeMs + READ_LAG_MS) return true;
  // nobody runs an image to cancel it; a completion whose client has left is cancelled by its worker
  if (other.type === 'cancelled' && kind === 'txt2img') return false;
  const by = workerOf(other);
  return runsBeside(first, claims).some(({ worker }) => by === undefined || worker === by);
}

/** Claims that stood when the first outcome was published, but the one that made it: their runs may end later. */
function runsBeside(first: Told<TracedOutcome>, claims: readonly Claim[]): readonly Claim[] {
  const untilMs = first.order.timeMs + READ_LAG_MS;
  const standing = claims.filter(({ released, timeMs }) => !released && timeMs <= untilMs);
  const maker = workerOf(first.trace);
  const own = maker === undefined ? -1 : standing.findLastIndex(({ worker }) => worker === maker);
  return standing.filter((_, index) => index !== own);
}

function workerOf(outcome: TracedOutcome): string | undefined {
  return outcome.type === 'cancelled' ? undefined : outcome.worker;
}
