import type { Order, Reached } from './orders.ts';
import type { Point } from './points.ts';

type Trap = Extract<Order, { do: 'kill' | 'hold' }> & { left: number };

let trap: Trap | undefined;
const held = new Set<() => void>();

/** Arms the trap of this process; there is one at a time. */
export function arm(order: Extract<Order, { do: 'kill' | 'hold' }>): void {
  trap = { ...order, left: order.passage };
}

export function disarm(): void {
  trap = undefined;
}

export function goOn(): void {
  for (const release of held) release();
  held.clear();
}

/** For code that can't wait: at the armed passage the process is no more. @returns whether it is to be held here. */
export function passSync(point: Point, text = ''): boolean {
  if (trap?.at !== point || !text.includes(trap.of ?? '')) return false;
  trap.left -= 1;
  if (trap.left > 0) return false;
  const { do: what } = trap;
  trap = undefined;
  if (what === 'kill') process.kill(process.pid, 'SIGKILL');
  process.send?.({ reached: point, text } satisfies Reached);
  return true;
}

/** Is called wherever the process passes a point; `text` is what it is about. */
export async function pass(point: Point, text?: string): Promise<void> {
  if (!passSync(point, text)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  held.add(resolve);
  await promise;
}
