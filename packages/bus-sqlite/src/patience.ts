import { isBusy } from './faults.ts';

const WITHIN_MS = 10_000;
const PAUSE_MS = 1;
const never = new Int32Array(new SharedArrayBuffer(4));

/**
 * Runs the step again while another process holds the lock. SQLite's own busy handler sleeps up to 100 ms at a
 * time; commits take few, so this looks again every millisecond. Blocks its thread: for the writer only.
 */
export function patiently<T>(step: () => T): T {
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    try {
      return step();
    } catch (thrown) {
      if (!isBusy(thrown) || Date.now() > deadline) throw thrown;
      Atomics.wait(never, 0, 0, PAUSE_MS);
    }
  }
}
