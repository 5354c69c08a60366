import {
  type CompletedEvent,
  type DeadEvent,
  type ErrorCode,
  type FileRef,
  isFleeting,
  type JobEvent,
  type LedgerOrder,
} from '@genfleet/job';

/** What is recorded of an artifact, and so can be checked. */
export type TracedFile = Pick<FileRef, 'key' | 'size_bytes' | 'sha256'>;

/** What verification needs of an event: small, so that millions of jobs fit a file. Times are Unix time in ms. */
export type Trace =
  | {
      readonly type: 'requested';
      readonly redrive: number;
      readonly attempt: number;
      /** Forgotten with its connection: a run of it that ends soon is never claimed. */
      readonly isFleeting?: true;
    }
  | {
      readonly type: 'started';
      readonly redrive: number;
      readonly claim: string;
      readonly worker: string;
      readonly released: boolean;
    }
  | TracedOutcome;

export type TracedOutcome =
  | {
      readonly type: 'completed';
      readonly redrive: number;
      readonly worker: string;
      readonly files: readonly TracedFile[];
      /** Tokens of a completion; two runs that wrote different texts mostly differ in it. */
      readonly usage?: string;
      readonly timeMs: number;
    }
  | {
      readonly type: 'dead';
      readonly redrive: number;
      readonly code: ErrorCode;
      /** Whose run failed; a job may also die without one, by its deadline. */
      readonly worker?: string;
      readonly timeMs: number;
    }
  | { readonly type: 'cancelled'; readonly redrive: number; readonly timeMs: number };

/** An event at its place in the ledger. */
export interface Told<T extends Trace = Trace> {
  readonly trace: T;
  readonly order: LedgerOrder;
  /** Read in the first of the two passes: whatever caused it was read by the end of the second. */
  readonly isSettled: boolean;
}

export function traceOf(event: JobEvent): Trace {
  const { redrive } = event;
  switch (event.type) {
    case 'requested':
      return {
        type: 'requested',
        redrive,
        attempt: event.attempt,
        ...(isFleeting(event) ? { isFleeting: true } : {}),
      };
    case 'started': {
      const { claim, worker, released } = event;
      return { type: 'started', redrive, claim, worker, released };
    }
    case 'completed':
      return completedTrace(event);
    case 'dead':
      return deadTrace(event);
    case 'cancelled':
      return { type: 'cancelled', redrive, timeMs: Date.parse(event.time) };
  }
}

function completedTrace(event: CompletedEvent): Trace {
  const { redrive, worker, complete_time } = event;
  const files = event.artifacts.map(({ key, size_bytes, sha256 }) => ({ key, size_bytes, sha256 }));
  const usage = event.kind === 'completion' ? { usage: JSON.stringify(event.usage) } : {};
  return { type: 'completed', redrive, worker, files, ...usage, timeMs: Date.parse(complete_time) };
}

function deadTrace({ redrive, attempt, failures, error, time }: DeadEvent): Trace {
  const last = failures.at(-1);
  const isOfRun = last?.attempt === attempt && last.code === error.code && error.code !== 'worker_lost';
  return {
    type: 'dead',
    redrive,
    code: error.code,
    ...(last && isOfRun ? { worker: last.worker } : {}),
    timeMs: Date.parse(time),
  };
}
