import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import promises from 'node:timers/promises';
import type { Happening } from './happening-queue.ts';
import type { Scheduler } from './scheduler.ts';

type Callback = (...given: unknown[]) => void;
type WaitOptions = { readonly signal?: AbortSignal };

let scheduler: Scheduler | undefined;

/** From here on the clocks and timers of this process are those of the schedule; undefined gives the real ones back. */
export function useTimeOf(schedule: Scheduler | undefined): void {
  scheduler = schedule;
}

/** What `setTimeout` gives in virtual time: the part of `NodeJS.Timeout` that is used. */
class VirtualTimer {
  readonly #arm: () => Happening;
  #happening: Happening;

  constructor(arm: () => Happening) {
    this.#arm = arm;
    this.#happening = arm();
  }

  refresh(): this {
    if (this.#happening.isOff) return this;
    this.close();
    this.#happening = this.#arm();
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  close(): void {
    this.#happening.isOff = true;
  }
}

function timerOf(running: Scheduler, callback: Callback, delayMs: number, label: string): VirtualTimer {
  const owner = running.current;
  return new VirtualTimer(() => running.after(Math.max(delayMs || 0, 0), owner, label, callback));
}

function clear(real: (timer: never) => void) {
  return (timer: unknown) => (timer instanceof VirtualTimer ? timer.close() : real(timer as never));
}

function wait<T>(running: Scheduler, delayMs: number, value: T, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const refuse = () => reject(new DOMException('The operation was aborted', 'AbortError'));
    if (signal?.aborted) return refuse();
    const onAbort = () => {
      timer.close();
      refuse();
    };
    const timer = timerOf(
      running,
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve(value);
      },
      delayMs,
      'timer',
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * Puts the schedule behind every clock, timer and random number that code can reach without being given one, its own
 * imports of `node:timers/promises` too. To be called once; `useTimeOf` says whose time it is.
 */
export function installVirtualTime(): void {
  const real = {
    ...timers,
    now: Date.now,
    performanceNow: performance.now.bind(performance),
    random: Math.random,
  };
  const realWait = promises.setTimeout;
  const realTurn = promises.setImmediate;
  const setTimer = (callback: Callback, delayMs = 0, ...given: unknown[]) =>
    scheduler
      ? timerOf(scheduler, () => callback(...given), delayMs, 'timer')
      : real.setTimeout(callback, delayMs, ...given);
  const setRepeating = (callback: Callback, delayMs = 0, ...given: unknown[]) => {
    if (!scheduler) return real.setInterval(callback, delayMs, ...given);
    const timer: VirtualTimer = timerOf(
      scheduler,
      () => {
        timer.refresh();
        callback(...given);
      },
      delayMs,
      'timer',
    );
    return timer;
  };
  const setTurn = (callback: Callback, ...given: unknown[]) =>
    scheduler
      ? timerOf(scheduler, () => callback(...given), 0, 'turn')
      : real.setImmediate(callback, ...given);
  const replaced = {
    setTimeout: setTimer,
    setInterval: setRepeating,
    setImmediate: setTurn,
    clearTimeout: clear(real.clearTimeout),
    clearInterval: clear(real.clearInterval),
    clearImmediate: clear(real.clearImmediate),
  };
  Object.assign(globalThis, replaced);
  Object.assign(timers, replaced);
  Object.assign(promises, {
    setTimeout: (delayMs = 0, value?: unknown, options: WaitOptions = {}) =>
      scheduler ? wait(scheduler, delayMs, value, options.signal) : realWait(delayMs, value, options),
    setImmediate: (value?: unknown, options: WaitOptions = {}) =>
      scheduler ? wait(scheduler, 0, value, options.signal) : realTurn(value, options),
  });
  syncBuiltinESMExports();
  Date.now = () =>
    scheduler ? Math.floor(scheduler.nowMs + (scheduler.current?.clockOffsetMs ?? 0)) : real.now();
  performance.now = () => (scheduler ? scheduler.sinceBeginMs : real.performanceNow());
  Math.random = () => (scheduler ? scheduler.random.next() : real.random());
}
