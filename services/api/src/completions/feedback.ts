import type { ApiMetrics } from '../metrics.ts';

/** Completions whose feedback is remembered, so that none counts twice. */
const KEPT = 10_000;

/** Counts which suggestions were taken. */
export class Feedback {
  readonly #counter: ApiMetrics['feedback'];
  readonly #given = new Set<string>();

  constructor(counter: ApiMetrics['feedback']) {
    this.#counter = counter;
  }

  give(id: string, model: string, accepted: boolean): void {
    if (this.#given.has(id)) return;
    this.#given.add(id);
    if (this.#given.size > KEPT) {
      const oldest = this.#given.keys().next();
      if (!oldest.done) this.#given.delete(oldest.value);
    }
    this.#counter.inc({ model, outcome: accepted ? 'accepted' : 'rejected' });
  }
}
