import { GenfleetError } from '@genfleet/job';
import type { Incarnation } from './incarnation.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Story } from './story.ts';

/** A connection over which things arrive in the order in which they were sent. */
export interface Lane {
  arrivedMs: number;
}

/** How calls over this network go wrong. */
export interface Weather {
  /** Times as slow as usual. */
  slowness: number;
  /** Share of calls that fail before they had an effect. */
  lost: number;
  /** Share of calls that had their effect, and fail all the same. */
  unanswered: number;
}

export interface Call<T> {
  readonly owner: Incarnation;
  readonly label: string;
  /** The effect, where the call arrives. May throw. */
  readonly effect: () => T;
  readonly lane?: Lane;
  /** What a call that failed on the way is reported as. */
  readonly fault: () => GenfleetError;
  /** Called when the call or its answer was lost: for what is lost only together with its connection. */
  readonly onLost?: () => void;
}

const USUAL_MS = 4;
const SELDOM_MS = 400;
/** Whatever the weather. */
const SLOWEST_MS = 2_000;
/** After which a call without an answer is given up by its client. */
const GIVE_UP_MS = 3_000;

/** What lies between the processes and a backing service: latencies, lost calls, lost answers. */
export class Network {
  readonly weather: Weather = { slowness: 1, lost: 0, unanswered: 0 };
  /** Whether the service at the other end is there. */
  isUp = true;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #story: Story;

  constructor(scheduler: Scheduler, story: Story) {
    this.#scheduler = scheduler;
    this.#random = scheduler.random;
    this.#story = story;
  }

  latencyMs(): number {
    const longestMs = this.#random.chance(0.03) ? SELDOM_MS : USUAL_MS;
    return Math.min(SLOWEST_MS, (0.2 + this.#random.next() * longestMs) * this.weather.slowness);
  }

  /** There and back. The effect may happen though the caller is dead by then, or never hears of it. */
  call<T>({ owner, label, effect, lane, fault, onLost }: Call<T>): Promise<T> {
    const scheduler = this.#scheduler;
    const sentMs = scheduler.nowMs;
    const arrivesMs = Math.max(sentMs + this.latencyMs(), (lane?.arrivedMs ?? 0) + 0.001);
    if (lane) lane.arrivedMs = arrivesMs;
    return new Promise((resolve, reject) => {
      const answer = (delayMs: number, say: () => void) => scheduler.after(delayMs, owner, label, say);
      scheduler.after(arrivesMs - sentMs, undefined, label, () => {
        // what a process wrote just before it died may have left it or not
        if (!owner.isAlive && this.#random.chance(0.5)) return;
        const giveUpMs = this.#random.skewed(1, GIVE_UP_MS);
        if (!this.isUp || !owner.isLinked || this.#random.chance(this.weather.lost)) {
          this.#story.count(`calls lost: ${label}`);
          onLost?.();
          answer(giveUpMs, () => reject(fault()));
          return;
        }
        let say: () => void;
        try {
          const value = effect();
          say = () => resolve(value);
        } catch (err) {
          say = () => reject(err);
        }
        if (this.#random.chance(this.weather.unanswered)) {
          this.#story.count(`answers lost: ${label}`);
          onLost?.();
          answer(giveUpMs, () => reject(fault()));
          return;
        }
        answer(this.latencyMs(), say);
      });
    });
  }
}

export function busFault(): GenfleetError {
  return new GenfleetError('bus_unavailable', 'the bus does not answer');
}

export function storeFault(): GenfleetError {
  return new GenfleetError('artifacts_failed', 'the store does not answer');
}
