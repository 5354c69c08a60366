import type { Incarnation } from './incarnation.ts';

/** Something that is to happen at a virtual time. */
export interface Happening {
  atMs: number;
  /** Drawn from the seed: the order of what happens in the same millisecond. */
  readonly tie: number;
  /** The process that goes on with it; undefined for what happens in the network, the broker or the store. */
  readonly owner: Incarnation | undefined;
  readonly label: string;
  readonly run: () => void;
  isOff: boolean;
}

/** A binary heap: the earliest first. */
export class HappeningQueue {
  readonly #heap: Happening[] = [];

  get size(): number {
    return this.#heap.length;
  }

  push(happening: Happening): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(happening);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (!parent || !isBefore(happening, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = happening;
  }

  pop(): Happening | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = heap[below];
      const right = heap[below + 1];
      if (child && right && isBefore(right, child)) {
        child = right;
        below += 1;
      }
      if (!child || !isBefore(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.atMs === b.atMs ? a.tie < b.tie : a.atMs < b.atMs;
}
