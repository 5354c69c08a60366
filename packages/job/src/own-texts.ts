/** Texts of one process at most, none of them longer: 2 MB of text at the very worst. */
const KEPT = { texts: 500, chars: 4_096 };

interface Own<Event> {
  readonly event: Event;
  readers: number;
}

/**
 * The newest events that this process wrote, by their text. Much of what it reads it wrote itself a moment ago: what was
 * made of checked parts need not be read out of its text and checked again by each of its readers.
 */
export class OwnTexts<Event> {
  readonly #events = new Map<string, Own<Event>>();

  /** `readers` of this process, as far as is known, will look for it: after the last it is let go, while it is young. */
  add(text: string, event: Event, readers: number): void {
    if (text.length > KEPT.chars) return;
    this.#events.set(text, { event, readers });
    if (this.#events.size <= KEPT.texts) return;
    for (const oldest of this.#events.keys()) {
      this.#events.delete(oldest);
      return;
    }
  }

  /** The event of exactly this text; nobody may change it. */
  find(text: string): Event | undefined {
    const own = this.#events.get(text);
    if (own && --own.readers <= 0) this.#events.delete(text);
    return own?.event;
  }
}
