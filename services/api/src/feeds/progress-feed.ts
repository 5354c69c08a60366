import type { Bus } from '@genfleet/bus';
import { follow } from '@genfleet/catalogue';
import { decodeNews, type ProgressEvent, progressTopic } from '@genfleet/job';
import type { Logger } from '@genfleet/telemetry';
import { JobListeners } from './job-listeners.ts';

/** Jobs whose last step is remembered, for polls. */
const JOBS_KEPT = 2_000;

type Step = Pick<ProgressEvent, 'redrive' | 'attempt' | 'step' | 'steps'>;

/** What runs say of their steps: one reader for all connections and polls of this replica. */
export class ProgressFeed {
  readonly #latest = new Map<string, Step>();
  readonly #listeners = new JobListeners<ProgressEvent>();

  apply(progress: ProgressEvent): void {
    const { id, redrive, attempt, step, steps } = progress;
    // deleting first keeps the map in order of use, so that the oldest goes when it is full
    this.#latest.delete(id);
    this.#latest.set(id, { redrive, attempt, step, steps });
    if (this.#latest.size > JOBS_KEPT) {
      const oldest = this.#latest.keys().next();
      if (!oldest.done) this.#latest.delete(oldest.value);
    }
    this.#listeners.tell(progress);
  }

  latest(id: string): Step | undefined {
    return this.#latest.get(id);
  }

  /** Calls back for each step of the job until the signal aborts. */
  onProgress(id: string, listener: (progress: ProgressEvent) => void, signal: AbortSignal): void {
    this.#listeners.add(id, listener, signal);
  }
}

/** Reads the progress of images, from now on, until the signal aborts. */
export async function followProgress(
  feed: ProgressFeed,
  options: { bus: Bus; log: Logger; signal: AbortSignal },
): Promise<void> {
  await follow({ ...options, topic: progressTopic('txt2img'), from: 'latest' }, (message) => {
    const news = decodeNews(message.value);
    if (news.type === 'progress') feed.apply(news);
  });
}
