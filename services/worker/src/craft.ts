import type { Engine } from '@genfleet/engine';
import type { CompletedEvent, GenfleetError, Kind } from '@genfleet/job';
import type { Span } from '@genfleet/telemetry';
import type { Run, Waiting } from './run.ts';

/** What became of one run with the engine. */
export type RunResult =
  | { readonly ok: true; readonly model: string; readonly modelLoadMs: number }
  | { readonly ok: false; readonly error: GenfleetError };

export type Success<Result extends RunResult> = Extract<Result, { readonly ok: true }>;
export type Failure = Extract<RunResult, { readonly ok: false }>;

/** What a run tells the pipeline while it is under way. */
export interface Watch {
  /** Something came of the engine: it is not hung. `share` is how much of the work is done, 0…1, if that is known. */
  progressed(share?: number): void;
  /** The engine's part of the trace of the run at this place of the batch. */
  span(index: number): Span;
}

/** What is particular to the jobs of one kind; all that is common to them is the pipeline's. */
export interface Craft<K extends Kind, Result extends RunResult> {
  readonly kind: K;
  readonly engine: Engine;
  /** Batches that are with the engine at once. */
  readonly slots: number;
  /** Jobs of one batch at most. */
  readonly batchJobs: number;
  /** Whether the engine takes the next batch once every step of one is done, before it has ended. */
  readonly queuesNext: boolean;
  /** Whether a change of model costs this engine time: it holds one at a time. */
  readonly swapsModels: boolean;
  /** Of what waits, never empty and best first: what is run next, as one batch. */
  choose(waiting: readonly Waiting<K>[]): readonly Waiting<K>[];
  /** Runs a batch: one result per run, in order, whatever happens. */
  run(runs: readonly Run<K>[], watch: Watch): Promise<readonly (Result | Failure)[]>;
  /** Stores what was made and says so, or why the attempt failed after all. */
  complete(run: Run<K>, result: Success<Result>): Promise<CompletedEvent<K>>;
}
