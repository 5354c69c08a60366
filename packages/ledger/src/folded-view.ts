import { GenfleetError, type JobState, type Topic } from '@genfleet/job';
import { ChangeListeners } from './change-listeners.ts';
import { Folding } from './folding.ts';
import { countJobs, listJobs } from './job-list.ts';
import type { BuildProgress, Change, JobFilter, LocalView, Page } from './view.ts';
import { isDamage } from './view-file.ts';
import type { ViewOptions } from './view-options.ts';
import type { ViewStore } from './view-store.ts';

/** Answers from the store that `Folding` keeps up. */
export class FoldedView implements LocalView {
  readonly #folding: Folding;
  readonly #listeners: ChangeListeners;

  constructor(options: ViewOptions) {
    this.#listeners = new ChangeListeners(options.log);
    this.#folding = new Folding(options, this.#listeners);
  }

  get ready(): boolean {
    return this.#folding.ready;
  }

  get progress(): BuildProgress {
    return this.#folding.progress.now();
  }

  get coversFromMs(): number {
    return this.#folding.coverage.fromMs;
  }

  get unreadable(): number {
    return this.#folding.unreadable;
  }

  job(id: string): JobState | undefined {
    return this.#answering(() => this.#folding.job(id));
  }

  jobByIdempotencyKey(keySha256: string): JobState | undefined {
    return this.#ask((store) => store.readByKey(keySha256));
  }

  jobs(filter: JobFilter, page: Page): readonly JobState[] {
    return this.#ask((store) => listJobs(store, filter, page));
  }

  count(filter: JobFilter): number {
    return this.#ask((store) => countJobs(store, filter));
  }

  position(id: string): number {
    return this.#ask((store) => store.position(id));
  }

  waiting(): ReadonlyMap<string, { readonly queued: number; readonly running: number }> {
    return this.#folding.counts().waiting();
  }

  meanRunMs(model: string): number | undefined {
    return this.#folding.store.meanRunMs(model);
  }

  applied(topic: Topic, messageId: string, timeoutMs: number): Promise<boolean> {
    return this.#folding.places.reached(topic.name, messageId, timeoutMs);
  }

  caughtUp(timeoutMs: number): Promise<boolean> {
    return this.#folding.caughtUp(timeoutMs);
  }

  cover(timeMs: number, timeoutMs: number): Promise<boolean> {
    return this.#folding.coverage.cover(timeMs, timeoutMs);
  }

  onChange(id: string | undefined, callback: (change: Change) => void, signal: AbortSignal): void {
    this.#listeners.add(id, callback, signal);
  }

  close(): Promise<void> {
    return this.#folding.close();
  }

  #ask<T>(question: (store: ViewStore) => T): T {
    return this.#answering(() => question(this.#folding.saved()));
  }

  /** A damaged file answers nothing more and is made anew. @throws GenfleetError `ledger_failed`. */
  #answering<T>(answer: () => T): T {
    try {
      return answer();
    } catch (cause) {
      if (isDamage(cause)) this.#folding.distrust(cause);
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new GenfleetError('ledger_failed', `the view can not answer: ${message}`, { cause });
    }
  }
}
