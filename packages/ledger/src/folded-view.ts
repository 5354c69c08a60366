import type { JobState, Topic } from '@genfleet/job';
import { ChangeListeners } from './change-listeners.ts';
import { Folding } from './folding.ts';
import { countJobs, listJobs } from './job-list.ts';
import type { ViewOptions } from './open-view.ts';
import type { Change, JobFilter, LocalView, Page } from './view.ts';

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

  get coversFromMs(): number {
    return this.#folding.coverage.fromMs;
  }

  get unreadable(): number {
    return this.#folding.unreadable;
  }

  job(id: string): JobState | undefined {
    return this.#folding.store.read(id);
  }

  jobByIdempotencyKey(keySha256: string): JobState | undefined {
    return this.#folding.store.readByKey(keySha256);
  }

  jobs(filter: JobFilter, page: Page): readonly JobState[] {
    return listJobs(this.#folding.store, filter, page);
  }

  count(filter: JobFilter): number {
    return countJobs(this.#folding.store, filter);
  }

  position(id: string): number {
    return this.#folding.store.position(id);
  }

  waiting(): ReadonlyMap<string, { readonly queued: number; readonly running: number }> {
    return this.#folding.store.counts.waiting();
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
}
