import type { View } from '@genfleet/ledger';

const REFRESH_MS = 250;

/** Whether the queue is at its bound: the view's count, asked now and then, plus what was admitted since. */
export class QueueBound {
  readonly #view: Pick<View, 'waiting'>;
  readonly #maxQueued: number;
  readonly #clock: () => number;
  #countedAtMs = Number.NEGATIVE_INFINITY;
  #queued = 0;
  #running = 0;

  constructor(view: Pick<View, 'waiting'>, maxQueued: number, clock: () => number) {
    this.#view = view;
    this.#maxQueued = maxQueued;
    this.#clock = clock;
  }

  get maxQueued(): number {
    return this.#maxQueued;
  }

  isFull(): boolean {
    this.#refresh();
    return this.#queued >= this.#maxQueued;
  }

  admitted(): void {
    this.#queued += 1;
  }

  /** Jobs that run now. */
  running(): number {
    this.#refresh();
    return this.#running;
  }

  #refresh(): void {
    const now = this.#clock();
    if (now - this.#countedAtMs < REFRESH_MS && now >= this.#countedAtMs) return;
    this.#countedAtMs = now;
    const counts = [...this.#view.waiting().values()];
    this.#queued = counts.reduce((sum, { queued }) => sum + queued, 0);
    this.#running = counts.reduce((sum, { running }) => sum + running, 0);
  }
}
