/** A simulated fleet for the tests of this package; holds no tests itself. */
import {
  decideCancel,
  decideClaim,
  decideDelivery,
  decideFailure,
  decideRedrive,
  mayClaimAhead,
} from '../src/decide.ts';
import { GenfleetError } from '../src/error.ts';
import type { JobEvent, RequestedEvent, StartedEvent } from '../src/event.ts';
import { evolve } from '../src/evolve.ts';
import type { JobState } from '../src/state.ts';
import type { Placed } from './arbitrary-events.test.ts';
import { at, completed, NOW_MS, requested, started } from './sample-events.test.ts';

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
  'chosen ahead',
  'chosen ahead and die',
  'chosen ahead and hand back',
  'chosen ahead by two',
  'chosen ahead as it is delivered',
] as const;
export type Happening = (typeof HAPPENINGS)[number];

/** How a run ends. */
type Ending = 'finish' | 'fail' | 'hopeless' | 'die' | 'hand back';

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
  #nowMs = NOW_MS;

  constructor() {
    this.#publish(requested());
  }

  live(happenings: readonly Happening[]): void {
    for (const happening of happenings) this.#happen(happening);
    for (let left = 200; this.#line.length > 0 && left > 0; left--) this.#happen('finish');
  }

  #happen(happening: Happening): void {
    if (happening === 'cancel' || happening === 'redrive') {
      if (!this.state) return;
      const decided =
        happening === 'cancel' ? decideCancel(this.state, this.#nowMs, 'asked') : decideRedrive(this.state);
      if ('type' in decided) this.#publish(decided);
      return;
    }
    const request = this.#line[0];
    if (!request) return;
    if (happening.startsWith('chosen')) this.#choose(happening);
    else if (happening === 'deliver twice') this.#line.push(request);
    else if (this.#deliver(request, happening as Ending)) this.#line.shift();
  }

  /** True when the delivery was acknowledged, false when it comes again. */
  #deliver(request: RequestedEvent, happening: Ending): boolean {
    const wanted = decideDelivery(this.state, { request }, this.#nowMs, 'w1');
    if (wanted.do === 'bury') this.#publish(wanted.event);
    if (wanted.do === 'yield') {
      this.#nowMs = Math.max(this.#nowMs, wanted.untilMs);
      return false;
    }
    if (wanted.do !== 'run') return true;
    return this.#run(request, this.#claim(request, false), happening);
  }

  /** A worker chooses the job that waits although it was not handed out. */
  #choose(happening: Happening): void {
    const request = this.state?.request;
    if (!this.state || !request || !mayClaimAhead(this.state, this.#nowMs + 100)) return;
    if (happening === 'chosen ahead as it is delivered') {
      const other = this.#claim(request, false);
      const claim = this.#claim(request, true);
      this.#run(request, claim, 'finish');
      this.#run(request, other, 'finish');
      return;
    }
    const claim = this.#claim(request, true);
    if (happening === 'chosen ahead by two') this.#run(request, this.#claim(request, true), 'finish');
    const endings = { 'chosen ahead and die': 'die', 'chosen ahead and hand back': 'hand back' } as const;
    this.#run(request, claim, endings[happening as keyof typeof endings] ?? 'finish');
  }

  #claim(request: RequestedEvent, isAhead: boolean): StartedEvent {
    this.#claims += 1;
    const claim = `c${this.#claims}`;
    const lease = isAhead ? { ahead_until: at(this.#nowMs - NOW_MS + 30_000) } : {};
    const entry = started({ redrive: request.redrive, attempt: request.attempt, claim, ...lease });
    this.#publish(entry);
    return entry;
  }

  /** True when the delivery was acknowledged, false when it comes again. */
  #run(request: RequestedEvent, entry: StartedEvent, happening: Ending): boolean {
    const decision = this.state && decideClaim(this.state, request, entry.claim, this.#nowMs);
    if (decision?.do === 'bury') this.#publish(decision.event);
    if (decision?.do === 'yield') this.#publish({ ...entry, released: true });
    if (decision?.do !== 'run') return decision?.do !== 'yield';
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
        decideFailure(this.state, request, {
          attempt,
          worker: 'w1',
          error,
          nowMs: this.#nowMs,
          backoffMs: [1],
        }),
      );
    }
    return true;
  }

  #publish(event: JobEvent): JobState {
    const messageId = String(this.ledger.length).padStart(6, '0');
    this.#nowMs += 1;
    const order = { timeMs: this.#nowMs, type: event.type, messageId };
    this.ledger.push({ event, order });
    if (event.type === 'requested') this.#line.push(event);
    this.state = evolve(this.state, event, order);
    return this.state;
  }
}
