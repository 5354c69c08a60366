type Action = (nowMs: number) => void;

/** What happens when: a binary heap, first in first out within a moment. */
export class Agenda {
  readonly #heap: { readonly atMs: number; readonly order: number; readonly action: Action }[] = [];
  #orders = 0;

  add(atMs: number, action: Action): void {
    const heap = this.#heap;
    const entry = { atMs, order: this.#orders++, action };
    let place = heap.length;
    heap.push(entry);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (isBefore(heap[parent], entry)) break;
      heap[place] = heap[parent] ?? entry;
      place = parent;
    }
    heap[place] = entry;
  }

  run(): void {
    for (let next = this.#take(); next; next = this.#take()) next.action(next.atMs);
  }

  #take() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= heap.length) break;
      const child = left + 1 < heap.length && isBefore(heap[left + 1], heap[left]) ? left + 1 : left;
      if (isBefore(last, heap[child])) break;
      heap[place] = heap[child] ?? last;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

function isBefore(
  a: { readonly atMs: number; readonly order: number } | undefined,
  b: { readonly atMs: number; readonly order: number } | undefined,
): boolean {
  if (!a || !b) return !!a;
  return a.atMs !== b.atMs ? a.atMs < b.atMs : a.order < b.order;
}
