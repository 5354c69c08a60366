import type { Client, NewCompletion } from '@genfleet/client';
import { ApiError } from '@genfleet/client';

/** How long somebody who types must pause to be shown something. */
const PAUSE_MS = 180;
/** The longest that a server which asks for patience is given any. */
const MAX_PATIENCE_MS = 60_000;

/** Why a suggestion is no longer shown. */
export type Leaving =
  /** The person said no. */
  | 'refused'
  /** They went on with something else. */
  | 'left';

/** How fast one suggestion came. */
export interface Pace {
  readonly firstTextMs: number;
  /** Undefined where it was not counted. */
  readonly tokensPerSecond: number | undefined;
}

/** What is told of suggestions as they come and go. */
export interface SuggestionEvents {
  asking(): void;
  /** The text so far; it is shown from now on. */
  text(text: string, isFirst: boolean): void;
  /** Nothing more comes; `text` is empty when the model had nothing to say. */
  whole(text: string, pace: Pace | undefined): void;
  /** It is not shown any more. */
  gone(): void;
  accepted(): void;
  rejected(): void;
  fault(error: unknown): void;
}

export interface SuggesterParts {
  readonly completions: Pick<Client['completions'], 'stream' | 'feedback'>;
  readonly events: SuggestionEvents;
  /** Calls back after a while, in ms, unless the returned function is called before. */
  readonly later: (call: () => void, delayMs: number) => () => void;
  /** In ms, from whenever. */
  readonly now: () => number;
  /** Of this tab: a newer request supersedes an older one on the server too. */
  readonly sessionId: string;
}

interface Suggestion {
  readonly abort: AbortController;
  id: string | undefined;
  text: string;
  isWhole: boolean;
  isReported: boolean;
}

/**
 * Asks for one suggestion at a time while somebody types, and reports what became of each that was shown: accepted, or
 * rejected. One that a newer keystroke overtakes while it is being written is neither.
 */
export class Suggester {
  readonly #parts: SuggesterParts;
  #current: Suggestion | undefined;
  #forget: (() => void) | undefined;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #isBarred = false;

  constructor(parts: SuggesterParts) {
    this.#parts = parts;
  }

  /** Something was typed: what was suggested is void, and after a pause this is asked. */
  typed(request: () => NewCompletion | undefined): void {
    this.leave('left');
    if (this.#isBarred) return;
    const { later, now } = this.#parts;
    const patienceMs = Math.min(this.#notBeforeMs - now(), MAX_PATIENCE_MS);
    this.#forget = later(
      () => {
        const wanted = request();
        if (wanted) void this.#ask(wanted);
      },
      Math.max(PAUSE_MS, patienceMs),
    );
  }

  /** The suggestion, or some of it, was taken. `isAll`: none of it is shown any more. */
  took(isAll: boolean): void {
    const suggestion = this.#current;
    if (!suggestion) return;
    this.#report(suggestion, true);
    if (isAll) this.#drop();
  }

  /** All that is shown was typed by hand: as good as taken, once no more of it comes. Answers whether that is so. */
  typedOut(): boolean {
    if (this.#current?.isWhole !== true) return false;
    this.took(true);
    return true;
  }

  /** The suggestion is not to be shown any more, nor one that was about to be. */
  leave(how: Leaving): void {
    const suggestion = this.#current;
    this.#drop();
    if (!suggestion || !isShown(suggestion.text)) return;
    if (how === 'refused' || suggestion.isWhole) this.#report(suggestion, false);
  }

  /** Whoever may not ask is not let ask again, until something has changed about that. */
  unbar(): void {
    this.#isBarred = false;
    this.#notBeforeMs = Number.NEGATIVE_INFINITY;
  }

  /** Ends all of it; nobody is told. */
  stop(): void {
    this.#forget?.();
    this.#current?.abort.abort();
    this.#current = undefined;
  }

  async #ask(request: NewCompletion): Promise<void> {
    const { completions, events, now, sessionId } = this.#parts;
    const abort = new AbortController();
    const suggestion: Suggestion = { abort, id: undefined, text: '', isWhole: false, isReported: false };
    this.#current = suggestion;
    events.asking();
    const clock = new PaceClock(now);
    try {
      for await (const chunk of completions.stream(request, { sessionId, signal: abort.signal })) {
        if (this.#current !== suggestion) return;
        suggestion.id = chunk.id;
        clock.chunk(chunk.usage?.completion_tokens);
        this.#grow(suggestion, chunk.choices[0]?.text ?? '');
      }
      if (this.#current !== suggestion) return;
      suggestion.isWhole = true;
      events.whole(suggestion.text.trimEnd(), clock.pace());
    } catch (error) {
      if (this.#current !== suggestion) return;
      this.#drop();
      this.#failed(error);
    }
  }

  #grow(suggestion: Suggestion, piece: string): void {
    const wasShown = isShown(suggestion.text);
    suggestion.text += piece;
    // spaces at the end would show as nothing, and may yet be followed by something
    if (piece !== '' && isShown(suggestion.text)) {
      this.#parts.events.text(suggestion.text.trimEnd(), !wasShown);
    }
  }

  #failed(error: unknown): void {
    if (error instanceof ApiError) {
      // another keystroke, or another tab that was opened from this one
      if (error.code === 'superseded' || error.status === 409) return;
      this.#isBarred = error.status === 401 || error.status === 403;
      this.#notBeforeMs = this.#parts.now() + (error.retryAfterSeconds ?? 0) * 1_000;
    }
    this.#parts.events.fault(error);
  }

  #drop(): void {
    this.#forget?.();
    this.#forget = undefined;
    if (!this.#current) return;
    this.#current.abort.abort();
    this.#current = undefined;
    this.#parts.events.gone();
  }

  #report(suggestion: Suggestion, accepted: boolean): void {
    if (suggestion.isReported || suggestion.id === undefined) return;
    suggestion.isReported = true;
    const { completions, events } = this.#parts;
    if (accepted) events.accepted();
    else events.rejected();
    // a figure less is no reason to disturb anybody
    completions.feedback(suggestion.id, { accepted }).catch(() => undefined);
  }
}

function isShown(text: string): boolean {
  return text.trim() !== '';
}

/** Times one text: from the question to its first piece, and from there to its last. */
class PaceClock {
  readonly #now: () => number;
  readonly #startMs: number;
  #firstMs: number | undefined;
  #lastMs = 0;
  #tokens: number | undefined;

  constructor(now: () => number) {
    this.#now = now;
    this.#startMs = now();
  }

  chunk(tokens: number | undefined): void {
    this.#lastMs = this.#now();
    this.#firstMs ??= this.#lastMs;
    this.#tokens = tokens ?? this.#tokens;
  }

  /** The first token came with the first piece, so the time after it is that of the others. */
  pace(): Pace | undefined {
    if (this.#firstMs === undefined) return undefined;
    const seconds = (this.#lastMs - this.#firstMs) / 1_000;
    const others = (this.#tokens ?? 0) - 1;
    return {
      firstTextMs: this.#firstMs - this.#startMs,
      tokensPerSecond: others > 0 && seconds > 0 ? others / seconds : undefined,
    };
  }
}
