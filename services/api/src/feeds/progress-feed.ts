import type { Bus } from '@genfleet/bus';
import { decodeProgress, type Kind, type ProgressEvent, progressTopic } from '@genfleet/job';
import type { Logger } from '@genfleet/telemetry';
import { follow } from './follow.ts';

/** Jobs whose last step is remembered, for polls. */
const JOBS_KEPT = 2_000;

type Step = Pick<ProgressEvent, 'redrive' | 'attempt' | 'step' | 'steps'>;
type Listener = (progress: ProgressEvent) => void;

/** What runs say of their steps: one reader for all connections and polls of this replica. */
export class ProgressFeed {
  readonly #latest = new Map<string, Step>();
  readonly #listeners = new Map<string, Set<Listener>>();

  apply(progress: ProgressEvent): void {
    const { id, redrive, attempt, step, steps } = progress;
    // deleting first keeps the map in order of use, so that the oldest goes when it is full
    this.#latest.delete(id);
    this.#latest.set(id, { redrive, attempt, step, steps });
    if (this.#latest.size > JOBS_KEPT) {
      const oldest = this.#latest.keys().next();
      if (!oldest.done) this.#latest.delete(oldest.value);
    }
    for (const listener of this.#listeners.get(id) ?? []) listener(progress);
  }

  latest(id: string): Step | undefined {
    return this.#latest.get(id);
  }

  /** Calls back for each step of the job until the signal aborts. */
  onProgress(id: string, listener: Listener, signal: AbortSignal): void {
    if (signal.aborted) return;
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    const remove = () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
    signal.addEventListener('abort', remove, { once: true });
  }
}

/** Reads the progress of a kind, from now on, until the signal aborts. */
export async function followProgress(
  feed: ProgressFeed,
  options: { bus: Bus; kind: Kind; log: Logger; signal: AbortSignal },
): Promise<void> {
  const { bus, kind, log, signal } = options;
  await follow({ bus, topic: progressTopic(kind), from: 'latest', log, signal }, (message) => {
    feed.apply(decodeProgress(message.value));
  });
}
