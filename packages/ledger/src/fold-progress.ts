import type { BuildProgress } from './view.ts';

/**
 * How far the topics have been read, by the times of their messages: how many messages there are in all no bus tells.
 * Messages come about in the order of their times, so the share grows as the reading does where jobs came evenly.
 */
export class FoldProgress {
  #messages = 0;
  #share: number | undefined;
  #firstMs: number | undefined;
  readonly #now: () => number;
  #endMs: number;
  #beganMs = performance.now();

  /** `now` is Unix time in ms. */
  constructor(now: () => number) {
    this.#now = now;
    this.#endMs = now();
  }

  folded(publishTimeMs: number): void {
    this.#messages += 1;
    this.#firstMs ??= publishTimeMs;
    const spanMs = this.#endMs - this.#firstMs;
    const share = spanMs > 0 ? Math.min(1, (publishTimeMs - this.#firstMs) / spanMs) : 1;
    // the topics are not read at one pace
    this.#share = Math.max(this.#share ?? 0, share);
  }

  /** All is there. */
  finish(): void {
    this.#share = 1;
  }

  /** The topics are read from the start again. */
  restart(): void {
    this.#messages = 0;
    this.#share = undefined;
    this.#firstMs = undefined;
    this.#endMs = this.#now();
    this.#beganMs = performance.now();
  }

  now(): BuildProgress {
    const [messages, share] = [this.#messages, this.#share];
    if (share === undefined || share === 0) return { messages, share, secondsLeft: undefined };
    const spentMs = performance.now() - this.#beganMs;
    return { messages, share, secondsLeft: Math.round((spentMs * (1 - share)) / share / 1_000) };
  }
}

/** For a log: `12000 messages folded, 40 %, about 3 s to go`. */
export function progressText({ messages, share, secondsLeft }: BuildProgress): string {
  const parts = [`${messages} messages folded`];
  if (share !== undefined) parts.push(`${Math.floor(share * 100)} %`);
  if (secondsLeft !== undefined) parts.push(`about ${secondsLeft} s to go`);
  return parts.join(', ');
}
