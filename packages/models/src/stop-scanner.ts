/**
 * Finds the stop sequence that is the first to be complete in a text that comes in pieces, however they are cut. Text that could still turn out
 * to be the beginning of a stop sequence is held back until that is known, so nothing of one ever gets out.
 */
export class StopScanner {
  readonly #stops: readonly string[];
  #held = '';
  #stopped = false;

  /** Empty sequences are left out: they would end every text before it begins. */
  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '');
  }

  /** True once a stop sequence was seen; nothing comes out after it. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Takes the next piece and gives the text that is certain not to belong to a stop sequence. */
  push(piece: string): string {
    if (this.#stopped) return '';
    const text = this.#held + piece;
    const start = this.#firstStop(text);
    if (start !== undefined) {
      this.#stopped = true;
      this.#held = '';
      return text.slice(0, start);
    }
    const free = text.length - this.#undecided(text);
    this.#held = text.slice(free);
    return text.slice(0, free);
  }

  /** The text is over: gives what was held back. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }

  /** Where the sequence begins that is the first to be complete; of two that end together, the longer one. */
  #firstStop(text: string): number | undefined {
    const found = this.#stops
      .map((stop) => ({ start: text.indexOf(stop), end: text.indexOf(stop) + stop.length }))
      .filter(({ start }) => start >= 0)
      .sort((a, b) => a.end - b.end || a.start - b.start);
    return found[0]?.start;
  }

  /** Length of the longest end of the text with which a stop sequence begins. */
  #undecided(text: string): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}
