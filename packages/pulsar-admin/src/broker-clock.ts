/** Before a broker is asked again what time it is, while this process's clock can't be right. */
const DOUBT_MS = 5_000;
/** The `Date` of an answer leaves out the part of its second; RFC 9110, 5.6.7. */
const SECOND_MS = 1_000;

/**
 * The time by the brokers' clocks. Each answer over HTTP says when it was made, to the second: the broker's clock was
 * there between the call and the answer. Bounds of many answers lie closer together than a second. The clock of this
 * process is believed as long as it lies within them, so that among clocks that are right nothing is lost of their
 * milliseconds; one that is wrong, by however much, is moved to the nearer bound.
 */
export class BrokerClock {
  /** The broker's time less `performance.now`, at least and at most. */
  #least = Number.NEGATIVE_INFINITY;
  #most = Number.POSITIVE_INFINITY;
  #toldMs = Number.NEGATIVE_INFINITY;

  /** A broker said that it was `dateMs` (Unix ms, a whole second), between these two of `performance.now`. */
  told(dateMs: number, calledMs: number, answeredMs: number): void {
    const least = dateMs - answeredMs;
    const most = dateMs + SECOND_MS - calledMs;
    // bounds that contradict the earlier ones are of a clock that was set, of another broker's, or of a machine that slept
    const agrees = least <= this.#most && most >= this.#least;
    this.#least = agrees ? Math.max(least, this.#least) : least;
    this.#most = agrees ? Math.min(most, this.#most) : most;
    this.#toldMs = answeredMs;
  }

  /** Unix ms. Before any broker answered it is this process's own time. */
  nowMs(): number {
    const sinceMs = performance.now();
    return Math.round(Math.min(Math.max(Date.now(), sinceMs + this.#least), sinceMs + this.#most));
  }

  /** Whether this process's clock lies outside the bounds, and it is time to ask a broker again. */
  get isInDoubt(): boolean {
    return performance.now() - this.#toldMs > DOUBT_MS && Math.abs(this.nowMs() - Date.now()) > 1;
  }
}
