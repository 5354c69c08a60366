import { type AnswerCache, keptMs } from './answer-cache.ts';
import type { GitlabAnswer } from './ask-gitlab.ts';

const MAX_ANSWERS = 10_000;
const MAX_REFUSED = 1_000;

/** Answers in memory: the ones that were used last, so many at most. */
export class MemoryCache implements AnswerCache {
  readonly #now: () => number;
  readonly #answers = new BoundedMap<{ readonly answer: GitlabAnswer; readonly untilMs: number }>(
    MAX_ANSWERS,
  );
  /** Apart, so that somebody who tries tokens can't push out those that work. */
  readonly #refused = new BoundedMap<{ readonly answer: GitlabAnswer; readonly untilMs: number }>(
    MAX_REFUSED,
  );

  /** `now` is the ms of any clock that goes on evenly. */
  constructor(now: () => number) {
    this.#now = now;
  }

  async get(key: string): Promise<GitlabAnswer | undefined> {
    for (const map of [this.#answers, this.#refused]) {
      const kept = map.use(key);
      if (kept && kept.untilMs > this.#now()) return kept.answer;
    }
    return undefined;
  }

  async put(key: string, answer: GitlabAnswer): Promise<void> {
    const map = answer === 'refused' ? this.#refused : this.#answers;
    const other = map === this.#refused ? this.#answers : this.#refused;
    map.set(key, { answer, untilMs: this.#now() + keptMs(answer) });
    other.delete(key);
  }

  async close(): Promise<void> {
    this.#answers.clear();
    this.#refused.clear();
  }
}

/** A map in the order of use, which drops what was not used for longest. */
class BoundedMap<T> extends Map<string, T> {
  readonly #max: number;

  constructor(max: number) {
    super();
    this.#max = max;
  }

  use(key: string): T | undefined {
    const value = this.get(key);
    if (value !== undefined) {
      this.delete(key);
      super.set(key, value);
    }
    return value;
  }

  override set(key: string, value: T): this {
    this.delete(key);
    super.set(key, value);
    const [oldest] = this.keys();
    if (this.size > this.#max && oldest !== undefined) this.delete(oldest);
    return this;
  }
}
