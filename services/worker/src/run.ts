import type { Delivery } from '@genfleet/bus';
import type { Kind, RequestedEvent } from '@genfleet/job';
import type { Span } from '@genfleet/telemetry';
import type { Claim } from './claim.ts';

/** Why a run was stopped from outside. */
export type StopReason = 'cancelled' | 'superseded' | 'deadline' | 'draining' | 'hung';

/** A job that waits for the engine. */
export interface Waiting<K extends Kind = Kind> {
  readonly request: RequestedEvent<K>;
  /** Of its request; undefined for one that the bus has not handed out. */
  readonly messageId?: string;
  /** More than one when the bus handed the same job out again meanwhile; all are settled together. */
  readonly deliveries: Delivery[];
  /** Once they are settled: the same job handed out again is taken for a new one from then on. */
  readonly forget: () => void;
  /** Unix ms. */
  readonly receivedMs: number;
  /** Chosen among all that wait, before the bus handed it out: it has no deliveries. */
  readonly isAhead: boolean;
}

/** A claimed attempt. */
export interface Run<K extends Kind = Kind> extends Waiting<K>, Omit<Claim, 'do'> {
  readonly abort: AbortController;
  /** From claim to outcome; a child of the request's trace. */
  readonly span: Span;
}

/** The first reason stays. */
export function stopRun(run: Run, reason: StopReason): void {
  run.abort.abort(reason);
}

export function stopReason(run: Run): StopReason | undefined {
  return run.abort.signal.aborted ? (run.abort.signal.reason as StopReason) : undefined;
}
