import { type ChoiceDelta, mergeDeltas, type TextEvent } from '@genfleet/job';

/** Text of a job that is not streamed goes out in messages of about this size, in UTF-16 units of its JSON. */
const MESSAGE_CHARS = 64_000;

export interface OutboxOptions {
  /**
   * Each piece goes out as it comes, together only with those that came in the same turn of the event loop; otherwise
   * as few messages as the size of one allows.
   */
  readonly stream: boolean;
  readonly head: Pick<TextEvent, 'id' | 'redrive' | 'attempt' | 'claim'>;
  readonly send: (event: TextEvent) => void;
}

/** Numbers the text of one attempt and sends it on. */
export class TextOutbox {
  readonly #options: OutboxOptions;
  #seq = 0;
  #held: ChoiceDelta[] = [];
  #heldChars = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Whether anything has left: then the reader has begun a text that a second attempt could not go on with. */
  get hasSent(): boolean {
    return this.#seq > 0;
  }

  add(delta: ChoiceDelta): void {
    this.#held.push(delta);
    if (this.#options.stream && this.#held.length === 1) queueMicrotask(() => this.#flushHeld());
    this.#heldChars += delta.tokens === undefined ? delta.text.length + 50 : JSON.stringify(delta).length;
    if (this.#heldChars > MESSAGE_CHARS) this.#flush(undefined);
  }

  /** The last message: the text is whole. */
  end(end: NonNullable<TextEvent['end']>): void {
    this.#flush(end);
  }

  #flushHeld(): void {
    if (this.#held.length > 0) this.#flush(undefined);
  }

  #flush(end: TextEvent['end']): void {
    const { head, send } = this.#options;
    const deltas = this.#options.stream ? this.#held : mergeDeltas(this.#held);
    this.#held = [];
    this.#heldChars = 0;
    const seq = this.#seq;
    this.#seq += 1;
    send({ type: 'text', ...head, seq, deltas, ...(end === undefined ? {} : { end }) });
  }
}
