/** A simulated fleet for the tests of this package; holds no tests itself. */
import { decideCancel, decideClaim, decideDelivery, decideFailure, decideRedrive } from '../src/decide.ts';
import { GenfleetError } from '../src/error.ts';
import type { JobEvent, RequestedEvent } from '../src/event.ts';
import { evolve } from '../src/evolve.ts';
import type { JobState } from '../src/state.ts';
import type { Placed } from './arbitrary-events.test.ts';
import { completed, NOW_MS, requested, started } from './sample-events.test.ts';

/** What befalls the next delivery, or the client does meanwhile. */
export const HAPPENINGS = [
  'finish',
  'fail',
  'hopeless',
  'die',
  'hand back',
  'deliver twice',
  'cancel',
  'redrive',
] as const;
export type Happening = (typeof HAPPENINGS)[number];

/**
 * One job on a bus that delivers at least once, with workers that run, fail, die and hand back, and a client that
 * cancels and redrives; every decision is made by the functions under test. Ends when nothing is left in line.
 */
export class SimulatedLife {
  readonly ledger: Placed[] = [];
  runs = 0;
  state: JobState | undefined;
  readonly #line: RequestedEvent[] = [];
  #claims = 0;

  constructor() {
    this.#publish(requested());
  }

  live(happenings: readonly Happening[]): void {
    for (const happening of happenings) this.#happen(happening);
    for (let left = 100; this.#line.length > 0 && left > 0; left--) this.#happen('finish');
  }

  #happen(happening: Happening): void {
    if (happening === 'cancel' || happening === 'redrive') {
      if (!this.state) return;
      const decided =
        happening === 'cancel' ? decideCancel(this.state, NOW_MS, 'asked') : decideRedrive(this.state);
      if ('type' in decided) this.#publish(decided);
      return;
    }
    const request = this.#line[0];
    if (!request) return;
    if (happening === 'deliver twice') this.#line.push(request);
    else if (this.#deliver(request, happening)) this.#line.shift();
  }

  /** True when the delivery was acknowledged, false when it comes again. */
  #deliver(
    request: RequestedEvent,
    happening: Exclude<Happening, 'cancel' | 'redrive' | 'deliver twice'>,
  ): boolean {
    const wanted = decideDelivery(this.state, request, NOW_MS, 'w1');
    if (wanted.do === 'bury') this.#publish(wanted.event);
    if (wanted.do !== 'run') return true;
    this.#claims += 1;
    const claim = `c${this.#claims}`;
    const entry = started({ redrive: request.redrive, attempt: wanted.attempt, claim });
    const state = this.#publish(entry);
    const decision = decideClaim(state, request, claim, NOW_MS);
    if (decision.do === 'bury') this.#publish(decision.event);
    if (decision.do !== 'run') return true;
    const { attempt } = decision;
    if (happening === 'die') return false;
    if (happening === 'hand back') {
      this.#publish({ ...entry, released: true });
      return false;
    }
    this.runs += 1;
    if (happening === 'finish') this.#publish(completed({ redrive: request.redrive, attempt }));
    else {
      const error = new GenfleetError(happening === 'fail' ? 'engine_failed' : 'prompt_rejected', 'no');
      this.#publish(
        decideFailure(this.state, request, { attempt, worker: 'w1', error, nowMs: NOW_MS, backoffMs: [1] }),
      );
    }
    return true;
  }

  #publish(event: JobEvent): JobState {
    const messageId = String(this.ledger.length).padStart(6, '0');
    const order = { timeMs: NOW_MS + this.ledger.length, type: event.type, messageId };
    this.ledger.push({ event, order });
    if (event.type === 'requested') this.#line.push(event);
    this.state = evolve(this.state, event, order);
    return this.state;
  }
}
