import type { JobEvent, JobState, JobStatus, LedgerOrder, Topic } from '@genfleet/job';

export interface JobFilter {
  readonly tenant?: string;
  readonly status?: readonly JobStatus[];
  readonly model?: string;
  /** Exact value of the metadata entry `grouping`. */
  readonly grouping?: string;
}

export interface Page {
  readonly limit: number;
  readonly offset: number;
}

export interface Change {
  readonly event: JobEvent;
  readonly order: LedgerOrder;
  readonly state: JobState;
}

/** State folded from the topics into a local SQLite file that can be thrown away. */
export interface View {
  job(id: string): JobState | undefined;
  /** The first job in the ledger that was requested with this `idempotency.key_sha256`. */
  jobByIdempotencyKey(keySha256: string): JobState | undefined;
  /** Newest first by job id, which is by request time; stable while new jobs come. */
  jobs(filter: JobFilter, page: Page): readonly JobState[];
  count(filter: JobFilter): number;
  /** Jobs waiting ahead of this one: earlier requests of its kind not yet started, 0 for the next in line. */
  position(id: string): number;
  /** Jobs waiting and running now, by model. */
  waiting(): ReadonlyMap<string, { readonly queued: number; readonly running: number }>;
  /** Mean of the last generation times of a model in ms, undefined before the first. */
  meanRunMs(model: string): number | undefined;
  /** Resolves true once the message was folded, false after `timeoutMs`. */
  applied(topic: Topic, messageId: string, timeoutMs: number): Promise<boolean>;
  /** Resolves true once everything published before the call was folded, false after `timeoutMs`. */
  caughtUp(timeoutMs: number): Promise<boolean>;
  /** True from the first time the end of every topic was reached. */
  readonly ready: boolean;
  /** Calls back after each fold of an event of the job (or of any job), until the signal aborts. */
  onChange(id: string | undefined, callback: (change: Change) => void, signal: AbortSignal): void;
  close(): Promise<void>;
}
