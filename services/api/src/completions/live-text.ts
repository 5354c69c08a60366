import {
  type ChoiceDelta,
  cancelRequest,
  type JobState,
  type RequestedEvent,
  type TextEvent,
  type Usage,
} from '@genfleet/job';
import type { Api } from '../api.ts';
import type { Problem } from '../http/problem.ts';
import { BROKEN, failureOf, SUPERSEDED, TIMED_OUT } from './failure.ts';

/** For the last piece of a text to come after its job was seen to be completed: they travel apart. */
const LAST_PIECE_MS = 2_000;
/** The worker gives up at the deadline; this replica waits so much longer for it to say so. */
const DEADLINE_GRACE_MS = 1_000;

export type TextEnd =
  | { readonly ok: true; readonly model: string; readonly usage: Usage }
  | { readonly ok: false; readonly problem: Problem };

export interface TextReader {
  /** Pieces in order, without a gap. */
  onDeltas(deltas: readonly ChoiceDelta[]): void;
  /** What was given so far is void: the job is run again, from the beginning. */
  onRestart(): void;
  /** Nothing was given yet, or nothing that would have left this process: then a second attempt is no matter. */
  canRestart(): boolean;
  /** Called once, at the end. */
  onEnd(end: TextEnd): void;
}

/**
 * Follows one job whose text a client waits for: pieces from the progress topic, its end from there or from the
 * ledger. When nobody wants the text any more, or it can't be had whole, the job is cancelled.
 */
export class LiveText {
  readonly #api: Api;
  readonly #request: RequestedEvent<'completion'>;
  readonly #reader: TextReader;
  readonly #done = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  #claim: string | undefined;
  #attempt = 0;
  #seq = 0;
  #isOver = false;

  constructor(api: Api, request: RequestedEvent<'completion'>, reader: TextReader) {
    this.#api = api;
    this.#request = request;
    this.#reader = reader;
  }

  /** Begins to listen; before the job is put in line, so that nothing is missed. */
  follow(gone: AbortSignal): void {
    const { id, deadline, session_sha256: session } = this.#request;
    const { views, clock } = this.#api.options;
    const { signal } = this.#done;
    this.#api.texts.add(id, (event) => this.#take(event), signal);
    views.completion.onChange(id, ({ state }) => this.#changed(state), signal);
    // comes after a whole answer as well, so it is never taken away: the option `signal` would do that by weak
    // references, and V8's young collections keep alive whatever hangs on one, here the request with all it has
    gone.addEventListener('abort', () => this.#giveUp(BROKEN, 'The client hung up'), { once: true });
    if (session !== undefined) {
      const supersede = (by: string) =>
        this.#giveUp(SUPERSEDED, `Superseded by job ${by} of the same session`);
      this.#api.sessions.join(session, { id, supersede }, signal);
    }
    if (deadline !== undefined) {
      const leftMs = Math.min(Date.parse(deadline) - clock() + DEADLINE_GRACE_MS, 2 ** 31 - 1);
      this.#timers.push(setTimeout(() => this.#giveUp(TIMED_OUT, 'Nobody waits any more'), leftMs));
    }
  }

  /** The job was never put in line, or the reader is at fault: stop listening. */
  drop(): void {
    this.#isOver = true;
    // a reason, so that none is made with a stack
    this.#done.abort('over');
    this.#timers.forEach(clearTimeout);
  }

  /** The client can't take the text as fast as it comes. */
  tooSlow(): void {
    this.#giveUp(BROKEN, 'The client did not read its text');
  }

  #take(event: TextEvent): void {
    if (this.#isOver) return;
    if (event.claim !== this.#claim && !this.#turnTo(event)) return;
    if (event.seq < this.#seq) return;
    if (event.seq > this.#seq) {
      this.#giveUp(BROKEN, 'Text was lost on its way to the client');
      return;
    }
    this.#seq += 1;
    if (event.deltas.length > 0) this.#reader.onDeltas(event.deltas);
    if (event.end && !this.#isOver) this.#end({ ok: true, ...event.end });
  }

  /** Another run of the job writes: a later attempt is followed, a rival of the same attempt is not. */
  #turnTo({ claim, attempt }: TextEvent): boolean {
    if (attempt <= this.#attempt) return false;
    if (this.#attempt > 0) {
      if (!this.#reader.canRestart()) {
        this.#giveUp(BROKEN, 'The text was begun and could not be finished');
        return false;
      }
      this.#reader.onRestart();
    }
    this.#claim = claim;
    this.#attempt = attempt;
    this.#seq = 0;
    return true;
  }

  #changed({ outcome }: JobState): void {
    if (this.#isOver || !outcome) return;
    if (outcome.type === 'completed') {
      this.#timers.push(setTimeout(() => this.#end({ ok: false, problem: BROKEN }), LAST_PIECE_MS));
    } else this.#end({ ok: false, problem: failureOf(this.#request, outcome) });
  }

  #giveUp(problem: Problem, reason: string): void {
    if (this.#isOver) return;
    const { publisher, options } = this.#api;
    const event = cancelRequest(this.#request, options.clock(), reason);
    publisher.publish(event).catch((err: unknown) => {
      options.log.warn({ jobId: event.id, err }, 'an abandoned completion could not be cancelled');
    });
    this.#end({ ok: false, problem });
  }

  #end(end: TextEnd): void {
    if (this.#isOver) return;
    this.drop();
    this.#reader.onEnd(end);
  }
}
