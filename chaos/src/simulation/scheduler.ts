import { type Happening, HappeningQueue } from './happening-queue.ts';
import type { Incarnation } from './incarnation.ts';
import { Random } from './random.ts';

/** Unix time in ms at which every schedule begins. */
const BEGIN_MS = Date.UTC(2030, 0, 1);
/** More than this many without an end are a loop that waits for nothing. */
const MAX_HAPPENINGS = 60_000;

const nextTick = process.nextTick;

/** Ends a run: `late` when its time was over, `idle` when nothing was left to happen. */
export type Ended = 'done' | 'late' | 'idle' | 'endless';

/**
 * The one source of time and order. Everything that a process awaits beyond its own promises is a happening here; one
 * is taken at a time, and all promises it settles are followed to their ends before the next. So the state between
 * two happenings is the only state that another process, a crash or a fault can meet, and the seed decides all of it.
 */
export class Scheduler {
  readonly random: Random;
  /** The true time, Unix ms. */
  nowMs = BEGIN_MS;
  /** The process whose code runs now. */
  current: Incarnation | undefined;
  /** How many things have happened. */
  count = 0;
  /** Called before a process goes on: here a fault can end or pause it. */
  beforeStep: (owner: Incarnation, label: string) => void = () => undefined;
  readonly #queue = new HappeningQueue();
  /** What came for processes that are paused. */
  readonly #held = new Map<Incarnation, Happening[]>();

  constructor(seed: number) {
    this.random = Random.of(seed, 'order');
  }

  get sinceBeginMs(): number {
    return this.nowMs - BEGIN_MS;
  }

  after(delayMs: number, owner: Incarnation | undefined, label: string, run: () => void): Happening {
    const atMs = this.nowMs + Math.max(0, delayMs);
    const happening = { atMs, tie: this.random.next(), owner, label, run, isOff: false };
    this.#queue.push(happening);
    return happening;
  }

  /** Lets a paused process go on with what came for it meanwhile, in the order in which it came. */
  resume(incarnation: Incarnation): void {
    incarnation.isPaused = false;
    const held = this.#held.get(incarnation) ?? [];
    this.#held.delete(incarnation);
    for (const [place, happening] of held.entries()) {
      happening.atMs = this.nowMs + place / 1_000;
      this.#queue.push(happening);
    }
  }

  /** Lets things happen until `isDone` says so, at most up to `untilMs`. */
  run(untilMs: number, isDone: () => boolean): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const step = () => {
        try {
          const ended = this.#step(untilMs, isDone);
          if (ended) return resolve(ended);
        } catch (err) {
          return reject(err);
        }
        // a tick that a microtask asks for comes after all microtasks
        queueMicrotask(() => nextTick(step));
      };
      step();
    });
  }

  #step(untilMs: number, isDone: () => boolean): Ended | undefined {
    this.current = undefined;
    if (isDone()) return 'done';
    if (this.count >= MAX_HAPPENINGS) return 'endless';
    for (let next = this.#queue.pop(); next; next = this.#queue.pop()) {
      if (next.isOff || next.owner?.isAlive === false) continue;
      if (next.atMs > untilMs) {
        this.#queue.push(next);
        this.nowMs = Math.max(this.nowMs, untilMs);
        return 'late';
      }
      this.nowMs = Math.max(this.nowMs, next.atMs);
      if (this.#happens(next)) return undefined;
    }
    return 'idle';
  }

  /** False when it does not: what is for a paused process waits with it, what is for one that died now is lost. */
  #happens(next: Happening): boolean {
    const { owner } = next;
    if (owner && !owner.isPaused) this.beforeStep(owner, next.label);
    if (owner?.isPaused) this.#hold(owner, next);
    if (owner && (owner.isPaused || !owner.isAlive)) return false;
    this.count += 1;
    this.current = owner;
    next.run();
    return true;
  }

  #hold(owner: Incarnation, happening: Happening): void {
    const held = this.#held.get(owner) ?? [];
    this.#held.set(owner, held);
    held.push(happening);
  }
}
