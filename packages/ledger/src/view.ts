import type { JobEvent, JobState, JobStatus, LedgerOrder, Topic } from '@genfleet/job';

export interface JobFilter {
  readonly tenant?: string;
  readonly status?: readonly JobStatus[];
  readonly model?: string;
  /** Exact value of the metadata entry `grouping`. */
  readonly grouping?: string;
  /** Unix ms: only jobs requested at or after it, by the time inside their ids. */
  readonly fromMs?: number;
  /** Unix ms: only jobs requested before it. */
  readonly toMs?: number;
}

export interface Page {
  readonly limit: number;
  readonly offset: number;
  /** Only jobs whose ids sort before this one: those behind it in the list. */
  readonly before?: string;
}

/** How far the topics have been read since the view was opened. */
export interface BuildProgress {
  readonly messages: number;
  /** Of the time from the first message read to the opening, 0 to 1; undefined before the first message. */
  readonly share: number | undefined;
  /** At the pace so far; undefined while there is none. */
  readonly secondsLeft: number | undefined;
}

export interface Change {
  readonly event: JobEvent;
  readonly order: LedgerOrder;
  readonly state: JobState;
}

/** Counts of one grouping, or of a range of time, stop here: beyond it they say "at least". */
export const COUNT_CAP = 10_000;

/** State folded from the topics into a local SQLite file that can be thrown away. */
export interface View {
  job(id: string): JobState | undefined;
  /** The first job in the ledger that was requested with this `idempotency.key_sha256`. */
  jobByIdempotencyKey(keySha256: string): JobState | undefined;
  /**
   * Newest first by job id, which is by request time; stable while new jobs come. A job whose request was not
   * read yet counts as `unknown` and is listed only when that status is asked for; all others have a `request`.
   */
  jobs(filter: JobFilter, page: Page): readonly JobState[];
  /** How many `jobs` would list. Exact, but with a `grouping` or a range of time it stops counting at `COUNT_CAP`. */
  count(filter: JobFilter): number;
  /**
   * Jobs waiting ahead of this one: earlier requests of its kind not yet started, 0 for the next in line and for
   * jobs that don't wait. A retry stands where its latest request stands. Exact; O(√n) in memory.
   */
  position(id: string): number;
  /** Jobs waiting (queued or retrying) and running now, by model. */
  waiting(): ReadonlyMap<string, { readonly queued: number; readonly running: number }>;
  /**
   * Exponential mean (weight 0.1) of the last generation times of a model in ms, undefined before the first. An
   * estimate: replicas that read the topics at different paces may differ a little.
   */
  meanRunMs(model: string): number | undefined;
  /** Resolves true once the message was folded, false after `timeoutMs` or when the view closes. */
  applied(topic: Topic, messageId: string, timeoutMs: number): Promise<boolean>;
  /** Resolves true once everything published before the call was folded, false after `timeoutMs`. */
  caughtUp(timeoutMs: number): Promise<boolean>;
  /** True from the first time the end of every topic was reached. */
  readonly ready: boolean;
  readonly progress: BuildProgress;
  /**
   * Every job requested at or after this Unix time in ms is here with all its events; 0 when that is every job
   * of the ledger. Of older jobs nothing is known. The time of a job is the one inside its id.
   */
  readonly coversFromMs: number;
  /**
   * Calls back after the fold of each event that changed the job (or any job), until the signal aborts. An event
   * read twice, or one that comes after the end of its job, changes nothing. After a restart the events missed
   * meanwhile are called back; after a rebuild all of them are.
   */
  onChange(id: string | undefined, callback: (change: Change) => void, signal: AbortSignal): void;
  close(): Promise<void>;
}

/** A view that may hold only the jobs requested since some time, and can be made to reach further back. */
export interface LocalView extends View {
  /**
   * Reads the ledger again from this time on, so that jobs as old as that are covered: for a worker that is handed
   * a job older than its view. Resolves true at once if they are already, false after `timeoutMs` (the reading
   * goes on; ask again). What was extended stays for `windowMs` at least.
   */
  cover(timeMs: number, timeoutMs: number): Promise<boolean>;
  /** Messages left out because they could not be read as events. */
  readonly unreadable: number;
}
